/**
 * The benchmarks that there are, each with one table of settings: {@code candor eval} shows them as flags, a study has them as keys of
 * its section {@code evaluate}, under the same names and with the same meaning.
 */
package candor.evaluate.benchmark;
