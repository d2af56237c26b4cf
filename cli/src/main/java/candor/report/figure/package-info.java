/**
 * Figures as SVG inside the page: drawn for a phone's width and enlarged on wider screens, so that letters stay readable; each
 * with its numbers as a table. Series differ by colour (safe for the colour-blind, in light and dark), by the shape of their
 * marks and by the dashes of their lines. Colours are classes of the page's style sheet.
 */
package candor.report.figure;
