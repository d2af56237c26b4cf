package candor.report;

import candor.report.html.Element;
import java.util.List;

/**
 * What a report says of one study, run or evaluation.
 *
 * @param title a heading
 * @param findings sentences; empty for a training run
 */
record Part(String title, List<String> findings, List<Element> body) {}
