package candor.report;

import candor.report.html.Node;
import java.util.List;

/** A part of a part, with a line in the contents. */
record Section(String title, List<Node> body) {}
