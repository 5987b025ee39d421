"""Training in several processes: launch, connection, collective operations, batch slices."""
