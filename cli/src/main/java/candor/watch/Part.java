package candor.watch;

import candor.io.Sha256;
import candor.report.html.Element;

/**
 * A part of the page that is sent when it has changed.
 *
 * @param id   of its element
 * @param html the element
 * @param hash of that
 */
record Part(String id, String html, String hash) {
    private static final int HASH_CHARACTERS = 16;

    static Part of(String id, Element element) {
        String html = element.attr("id", id).toString();
        return new Part(id, html, Sha256.hex(html).substring(0, HASH_CHARACTERS));
    }

    /** A name for what is in a folder. */
    static String id(String kind, Object folder) {
        return kind + "-" + Sha256.hex(folder.toString()).substring(0, HASH_CHARACTERS);
    }
}
