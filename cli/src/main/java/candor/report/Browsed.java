package candor.report;

import candor.report.html.Node;
import java.util.List;

/**
 * What a page has of replies.
 *
 * @param body the browser of those on the page, with what it needs to be read
 * @param files all of them
 * @param classes that the browser filters by
 */
record Browsed(List<Node> body, List<FileBeside> files, ReplyBrowser.Classes classes) {
    /** Of nothing, which may be said. */
    static Browsed nothing(List<Node> body) {
        return new Browsed(body, List.of(), ReplyBrowser.Classes.NONE);
    }
}
