/**
 * {@code candor report}: what a folder holds, as one HTML file.
 *
 * <p>{@link candor.report.Report} is the whole of it: {@code Report.of(folder).html()}. A folder is a study's ({@link
 * candor.study.record}), a training run's, an evaluation's, or holds several of those; {@link candor.report.Source} tells
 * which. For a study, {@code StudyData} puts outcomes in seeds × rows tables, {@code ArmScore} and {@code Comparisons} say
 * what they are worth, and a class for each section of the page turns that into words, figures and tables. The first screen has
 * {@code Story}, which tells in a plain sentence what the numbers say, and {@code HeroFigure}, which shows it.
 *
 * <p>Beside the page lie CSV files: each table of the page with all digits, and all replies ({@code StudyReplies}), of which the
 * page's {@code ReplyBrowser} has as many as a browser opens easily. It is filtered by the style sheet alone.
 *
 * <p>The same folder gives the same bytes: no clock, no random numbers without a seed, nothing in the order of a hash. The page
 * is built by {@link candor.report.html}, so a reply cannot become markup.
 */
package candor.report;
