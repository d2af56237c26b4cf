/**
 * What numbers are worth: of an evaluation's scores, which are over rows, and of a study's, which are over seeds × rows. Numbers in,
 * numbers out; nothing here knows a file, a benchmark or a figure.
 *
 * <p>An evaluation asks rows, and rows are a sample of what one could have asked: {@link candor.stats.Estimate} is a mean over
 * rows ({@link candor.stats.Cell}, {@link candor.stats.Mean}) with its interval, {@link candor.stats.Paired} the difference of
 * two evaluations of the same rows, {@link candor.stats.McNemar} its exact test for yes and no, {@link candor.stats.Chance}
 * whether a score is above guessing.
 *
 * <p>A study trained every arm under several seeds too, and both are drawn. {@link candor.stats.Crossed} is the mean of a
 * seeds × rows table with an error that speaks of new seeds and new rows, {@link candor.stats.Rates} turns outcomes into such
 * tables, {@link candor.stats.SignFlip} is a test without a distribution, {@link candor.stats.Holm} the correction for many
 * tests, {@link candor.stats.DoseResponse} a {@link candor.stats.Hill} curve with its band and the dose from which on a drop
 * shows.
 *
 * <p>Both have {@link candor.stats.Proportion}'s intervals of rates and {@link candor.stats.Contrast}'s of differences.
 */
package candor.stats;
