/**
 * Training. {@link candor.train.Trainer} is the loop; a {@link candor.train.Run} is one adapter on its way, and several may
 * share the passes over one frozen base. A {@link candor.train.Learner} is what of it learns, without a folder; {@link
 * candor.train.StepPasses} carries its steps out.
 *
 * <p>Beneath it: {@code objective} says what a step is worth, {@code optimiser} how parameters follow, {@code config}
 * reads settings from YAML and flags, {@code log} writes metrics, {@code checkpoint} keeps what a byte-exact resume needs.
 */
package candor.train;
