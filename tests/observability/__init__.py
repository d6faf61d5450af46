"""How operators see what goes on: probes, metrics, the outbox, the doctor."""
