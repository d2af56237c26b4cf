/**
 * What a score is worth: means over rows with standard errors and bootstrap intervals, and the paired comparison of two
 * evaluations on the same rows. Plain arrays in, records out; nothing here knows a benchmark.
 */
package candor.evaluate.stats;
