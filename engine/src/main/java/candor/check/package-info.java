/**
 * Every operation of every backend, judged against float64.
 *
 * <p>{@link candor.check.Reference} is the truth: plain loops in double precision. {@link candor.check.Naive} is the
 * plainest float32 implementation; its distance from the truth is the yardstick for every quick one. {@link
 * candor.check.OpCheck} holds the table of cases and the rules.
 */
package candor.check;
