/**
 * Training: what a step is worth ({@link candor.train.Objective}: {@link candor.train.Sft}, {@link candor.train.Kto}),
 * how parameters follow ({@link candor.train.AdamW}, {@link candor.train.Schedule}) and the run around it.
 *
 * <p>{@code config} reads settings from YAML and flags, {@code log} writes metrics, {@code checkpoint} keeps what a
 * byte-exact resume needs.
 */
package candor.train;
