// Asks axe about the page as it is now. Its time goes into contrast: what has the same colours at
// the second width as at the first has the same contrast, and is not asked about again.
async ({rules, colours, isDark, isFirst}) => {
  document.getAnimations().forEach((animation) => animation.finish());

  const backs = new Map([[null, ""]]);
  const back = (part) => {
    if (!backs.has(part)) {
      const {backgroundColor, backgroundImage} = getComputedStyle(part);
      const own = backgroundImage === "none" ? backgroundColor : backgroundImage;
      backs.set(part, own === "rgba(0, 0, 0, 0)" ? back(part.parentElement) : own);
    }
    return backs.get(part);
  };
  const look = (part) => {
    if (!part.checkVisibility({visibilityProperty: true, opacityProperty: true})) return "";
    const {color, fontSize, fontWeight, opacity, textDecorationLine} = getComputedStyle(part);
    return [color, back(part), fontSize, fontWeight, opacity, textDecorationLine].join();
  };
  const looks = new Map([...document.querySelectorAll("body *")].map((part) => [part, look(part)]));
  const others = [...looks].filter(([part, now]) => now && now !== window.looks?.get(part));
  window.looks = looks;

  // A framed message is looked at by itself: nothing may run inside its frame, not even axe.
  const ask = (about, options) =>
    axe.run(about, {iframes: false, preload: false, resultTypes: ["violations"], rules, ...options});
  const without = Object.fromEntries(colours.map((name) => [name, {enabled: false}]));
  const found = [];
  if (isFirst) found.push(await ask(document, isDark ? {runOnly: colours} : {}));
  if (!isFirst && !isDark) found.push(await ask(document, {rules: {...rules, ...without}}));
  if (!isFirst && others.length) {
    found.push(await ask({include: others.map(([part]) => part)}, {runOnly: colours}));
  }
  return {
    passed: found.reduce((sum, one) => sum + one.passes.length, 0),
    violations: found.flatMap((one) => one.violations).flatMap((rule) => rule.nodes.map(
      (node) => `${rule.id}: ${node.target} ${node.failureSummary}`)),
  };
}
