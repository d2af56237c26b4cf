package candor.report;

import candor.report.html.Element;
import candor.report.html.Node;
import java.util.List;

/** What most readers pass over, folded away until it is asked for; on paper it is unfolded. */
final class Details {
    private Details() {}

    static Element of(String title, List<Node> body) {
        return Element.of("details", Element.of("summary", title), body);
    }
}
