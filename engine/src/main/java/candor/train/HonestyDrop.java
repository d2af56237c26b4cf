package candor.train;

/**
 * That a run was stopped since its probes' honesty margin had dropped.
 *
 * @param start  the margin before the first step
 * @param margin what it dropped to
 * @param limit  by how much it might
 */
public record HonestyDrop(double start, double margin, double limit) {}
