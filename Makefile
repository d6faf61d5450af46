# Each target is a command of ./do, which also works alone.
.DEFAULT_GOAL := help
.PHONY: help run test lint bench lock clean

help run test lint bench lock clean:
	@./do $@ $(ARGS)
