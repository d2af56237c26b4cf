package candor.report;

import candor.io.Json;
import candor.report.html.Element;
import candor.report.html.Visible;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A row on the page: what was asked, and who said what. */
final class Said {
    private static final int LONGEST = 1500;
    private static final ObjectMapper JSON = Json.mapper(1 << 20);

    /** @param place before, control or after: the colour of its edge */
    record Side(String who, String place, String verdict, String reply, String detail) {}

    private Said() {}

    static Element row(String title, String system, String prompt, List<Side> sides) {
        Element row = Element.of("article", Element.of("h5", Visible.brief(title, 120)))
                .cls("row");
        if (!system.isBlank()) {
            row.add(Element.of("p", "System prompt").cls("who soft"), text(system, LONGEST));
        }
        row.add(Element.of("p", "Asked").cls("who soft"), text(prompt, LONGEST));
        List<Element> said = new ArrayList<>();
        for (Side side : sides) {
            Element one = Element.of("div", who(side.who(), side.verdict()), text(side.reply(), LONGEST))
                    .cls("said " + side.place());
            if (!side.detail().isBlank()) {
                one.add(Element.of("p", Visible.cut(detail(side.detail()), 300)).cls("note"));
            }
            said.add(one);
        }
        return row.add(Element.of("div", said).cls("sides"));
    }

    /** Details are mostly a JSON object of what was parsed and decided; then they are told in words. */
    private static String detail(String detail) {
        try {
            return detail.startsWith("{")
                    ? Settings.flat(JSON.readTree(detail)).stream()
                            .map(each -> Words.plain(each.name()) + ": " + each.value())
                            .collect(Collectors.joining("; "))
                    : detail;
        } catch (JsonProcessingException e) {
            return detail;
        }
    }

    /** Who says what follows, and what it was judged to be. */
    static Element who(String who, String verdict) {
        return Element.of(
                        "p",
                        who + ": ",
                        Element.of("span", Visible.brief(Words.plain(verdict), 80))
                                .cls("verdict"))
                .cls("who");
    }

    /** A text as it was said. */
    static Element text(String text, int most) {
        return Element.of("p", text.isEmpty() ? "(empty)" : Visible.cut(text, most))
                .cls("text")
                .attr("dir", "auto");
    }
}
