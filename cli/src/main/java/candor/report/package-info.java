/**
 * {@code candor report}: what a folder holds, as one HTML file.
 *
 * <p>{@link candor.report.Report} is the whole of it: {@code Report.of(folder).html()}. A folder is a study's ({@link
 * candor.study.record}), a training run's, an evaluation's, or holds several of those; {@link candor.report.Source} tells
 * which. For a study, {@code StudyData} puts outcomes in seeds × rows tables, {@code ArmScore} and {@code Comparisons} say
 * what they are worth, and a class for each section of the page turns that into words, figures and tables.
 *
 * <p>The same folder gives the same bytes: no clock, no random numbers without a seed, nothing in the order of a hash. The page
 * is built by {@link candor.report.html}, so a reply cannot become markup.
 */
package candor.report;
