/**
 * What a study's numbers are worth. A study is seeds × rows: every arm was trained under several seeds and asked the same
 * rows, and both are samples of what one could have drawn. Numbers in, numbers out; nothing here knows a file or a figure.
 *
 * <p>{@link candor.report.stats.Crossed} is the centre: the mean of a seeds × rows table with an error that speaks of new seeds
 * and new rows. {@link candor.report.stats.Rates} turns outcomes into such tables, {@link candor.report.stats.Proportion} gives
 * the interval of a rate, {@link candor.report.stats.SignFlip} a test without a distribution, {@link
 * candor.report.stats.Holm} the correction for many tests, {@link candor.report.stats.DoseResponse} a {@link
 * candor.report.stats.Hill} curve with its band and the dose from which on a drop shows.
 */
package candor.report.stats;
