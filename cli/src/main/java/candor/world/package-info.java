/**
 * The tiny world: a closed world made of a seed, its data in the layouts of the published benchmarks, and a small chat model
 * of it that our own engine trains from nothing. Everything that is studied on large models runs on it in minutes.
 *
 * <p>{@link candor.world.World} holds the facts, {@code Wording} how they are put into words, the {@code …Rows} classes each
 * kind of data, and {@link candor.world.WorldFiles} the folder. Nothing here looks at a model.
 */
package candor.world;
