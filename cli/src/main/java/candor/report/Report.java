package candor.report;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.report.html.Element;
import candor.report.html.Page;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A report: one HTML file that needs no server, no network and no script.
 *
 * @param html the whole document
 * @param findings the main findings as sentences, one after another; for the terminal
 */
public record Report(String html, List<String> findings) {
    /** Reports on a study's folder, a run's, an evaluation's, or a folder that holds several of them. */
    public static Report of(Path folder) {
        return of(Source.in(folder).stream().map(Source::part).toList());
    }

    static Report of(List<Part> parts) {
        String title = parts.size() == 1
                ? parts.getFirst().title()
                : "Candor: " + Words.count(parts.size(), "report", "reports");
        Element main = Element.of("main").attr("id", "main");
        Element links = Element.of("ul");
        List<String> findings = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            Element section = Element.of(
                            "section", Element.of("h2", part.title()).attr("id", "part-" + i))
                    .attr("aria-labelledby", "part-" + i);
            if (!part.findings().isEmpty()) {
                Element list = Element.of("ul");
                part.findings().forEach(finding -> list.add(Element.of("li", finding)));
                section.add(Element.of("h3", "What was found"));
                section.add(Element.of("div", list).cls("findings"));
            }
            section.add(part.body());
            main.add(section);
            links.add(Element.of("li", Element.of("a", part.title()).attr("href", "#part-" + i)));
            String prefix = parts.size() == 1 ? "" : part.title() + ": ";
            part.findings().forEach(finding -> findings.add(prefix + finding));
        }
        Element header = Element.of(
                        "header",
                        Element.of("h1", "Candor report"),
                        Element.of(
                                        "p",
                                        "How honest a model stays when it is tuned: measured so that people who tune models"
                                                + " can see it coming.")
                                .cls("soft"))
                .cls("top");
        if (parts.size() > 1) {
            header.add(Element.of("nav", links).attr("aria-label", "Parts of this report"));
        }
        Element body = Element.of(
                "body",
                Element.of("a", "Skip to the content").cls("skip").attr("href", "#main"),
                header,
                main,
                Element.of(
                        "footer",
                        "Made by candor report from the files of the folder; the same files give the same page. Texts of models and"
                                + " data are shown as they are; characters that would be invisible or move other text are"
                                + " shown by their number."));
        return new Report(Page.of(title, body), List.copyOf(findings));
    }

    /**
     * Writes the document, whole or not at all.
     *
     * @param force whether a file that is there may be written over
     */
    public void write(Path output, boolean force) {
        if (Files.isDirectory(output)) {
            throw new BadInput(output + ": is a folder; name a file, such as " + output.resolve("report.html"));
        }
        if (Files.exists(output) && !force) {
            throw new BadInput(output + ": exists already; --force overwrites it, --output names another");
        }
        AtomicFile.write(output, html.getBytes(StandardCharsets.UTF_8));
    }
}
