/**
 * HTML and SVG as a tree. What a model said, a row holds or a file names is hostile text: here it can only become text, because
 * there is no way to put markup in as a string, no attribute that runs anything or fetches anything, and no character that
 * turns around or hides what stands beside it ({@link candor.report.html.Visible}).
 */
package candor.report.html;
