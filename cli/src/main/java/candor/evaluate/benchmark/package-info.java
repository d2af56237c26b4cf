/**
 * What a {@link candor.evaluate.benchmark.Benchmark} is, and the list of those that there are ({@link
 * candor.evaluate.benchmark.Benchmarks}), found by their texts. Each has one table of settings: {@code candor eval} shows them as flags, a
 * study has them as keys of its section {@code evaluate}, under the same names and with the same meaning.
 */
package candor.evaluate.benchmark;
