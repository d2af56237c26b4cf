package candor.report;

import candor.report.html.Element;
import candor.report.html.Node;
import java.util.ArrayList;
import java.util.List;

/**
 * What a page shows, from the top: contents that stay in view; a sentence and a figure for each part, which fill the first screen; then
 * each part with all that it has.
 */
final class ReportBody {
    /** Parts whose sentence and figure stand at the top of the page; the others have theirs in their place. */
    private static final int MOST_FIRST = 6;

    private ReportBody() {}

    static Element of(List<Part> parts) {
        Element main = Element.of("main", header(), first(parts)).attr("id", "main");
        for (int i = 0; i < parts.size(); i++) {
            main.add(part(parts.get(i), i));
        }
        main.add(Element.of(
                "footer",
                "Made by candor report from the files of the folder; the same files give the same page. Texts of models and"
                        + " data are shown as they are; characters that would be invisible or move other text are"
                        + " shown by their number. Every table is a CSV file too, named beside its title, with all digits; a text"
                        + " that a spreadsheet could take for a formula has an apostrophe put before it there."));
        return Element.of(
                "body",
                Element.of("a", "Skip to the content").cls("skip").attr("href", "#main"),
                Element.of("div", contents(parts), main).cls("page"));
    }

    private static Element header() {
        return Element.of(
                        "header",
                        Element.of("h1", "Candor report"),
                        Element.of("p", "How honest a model stays when it is tuned.")
                                .cls("soft"))
                .cls("top");
    }

    private static Element contents(List<Part> parts) {
        Element list = Element.of("ul", Element.of("li", link("Findings", "first")));
        for (int i = 0; i < parts.size(); i++) {
            Element sections = Element.of("ul");
            List<Section> all = parts.get(i).sections();
            for (int s = 0; s < all.size(); s++) {
                sections.add(Element.of("li", link(all.get(s).title(), place(i, s))));
            }
            list.add(Element.of("li", link(brief(parts, parts.get(i)), "part-" + i), sections));
        }
        return Element.of("nav", list).cls("contents").attr("aria-label", "Contents");
    }

    /** What comes before the name, where no other part begins so. */
    private static String brief(List<Part> parts, Part part) {
        String kind = part.title().replaceFirst(":.*", "");
        boolean only =
                parts.stream().filter(other -> other.title().startsWith(kind)).count() == 1;
        return only ? kind : part.title();
    }

    private static Element link(String words, String place) {
        return Element.of("a", words).attr("href", "#" + place);
    }

    private static String place(int part, int section) {
        return "part-" + part + "-" + section;
    }

    private static Element first(List<Part> parts) {
        Element heroes = Element.of("div").cls("heroes" + (parts.size() == 1 ? " alone" : ""));
        for (int i = 0; i < Math.min(MOST_FIRST, parts.size()); i++) {
            Part part = parts.get(i);
            Element told = Element.of("div", Element.of("h2", link(part.title(), "part-" + i)))
                    .cls("told");
            part.findings().stream()
                    .filter(Finding::caution)
                    .forEach(finding ->
                            told.add(Element.of("p", finding.sentence()).cls("caution")));
            told.add(Element.of("p", together(part.firstWords())).cls("sentence"));
            Element hero = Element.of("section", told).cls("hero").attr("aria-label", part.title());
            List<Node> below = new ArrayList<>();
            part.figure().ifPresent(hero::add);
            part.findings().stream()
                    .filter(finding -> !finding.caution() && !finding.numbers().isEmpty())
                    .findFirst()
                    .ifPresent(finding -> below.add(
                            Element.of("p", together(finding.numbers())).cls("numbers")));
            heroes.add(hero.add(below));
        }
        Element first = Element.of("div", heroes).attr("id", "first");
        if (parts.size() > MOST_FIRST) {
            first.add(Element.of("p", (parts.size() - MOST_FIRST) + " more below.")
                    .cls("note"));
        }
        return first;
    }

    /** A number and its unit, or its sign, stay on a line. */
    private static String together(String text) {
        return text.replace(" %", "\u00a0%")
                .replace(" points", "\u00a0points")
                .replace("p = ", "p\u00a0=\u00a0")
                .replace("p < ", "p\u00a0<\u00a0");
    }

    private static Element part(Part part, int number) {
        String id = "part-" + number;
        Element section = Element.of("section", Element.of("h2", part.title()).attr("id", id))
                .attr("aria-labelledby", id);
        section.add(part.lead());
        if (!part.findings().isEmpty()) {
            Element list = Element.of("ul");
            part.findings().forEach(finding -> list.add(Element.of("li", finding.line())));
            section.add(
                    Element.of("h3", "What was found"), Element.of("div", list).cls("findings"));
        }
        if (number >= MOST_FIRST) {
            part.figure().ifPresent(section::add);
        }
        for (int s = 0; s < part.sections().size(); s++) {
            Section of = part.sections().get(s);
            section.add(Element.of("h3", of.title()).attr("id", place(number, s)));
            section.add(of.body());
        }
        return section;
    }
}
