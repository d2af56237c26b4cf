package candor.report;

import candor.report.html.Node;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a report says of one study, run or evaluation.
 *
 * @param name begins the names of its files: small letters, digits and dashes
 * @param title a heading
 * @param findings in plain words; empty for a training run
 * @param figure the one that goes with the first finding
 * @param lead what stands under the heading
 * @param files beside the page that are no tables on it
 * @param classes that its browser of replies filters by
 */
record Part(
        String name,
        String title,
        List<Finding> findings,
        Optional<Node> figure,
        List<Node> lead,
        List<Section> sections,
        List<FileBeside> files,
        ReplyBrowser.Classes classes) {
    Part {
        findings = List.copyOf(findings);
        lead = List.copyOf(lead);
        sections = List.copyOf(sections);
        files = List.copyOf(files);
    }

    /** All that it shows but its findings, in the order in which it stands on the page. */
    Stream<Node> nodes() {
        return Stream.of(figure.stream(), lead.stream(), sections.stream().flatMap(section -> section.body().stream()))
                .flatMap(each -> each);
    }

    /** How it goes on the first screen. */
    String firstWords() {
        return findings.stream()
                .filter(finding -> !finding.caution())
                .map(Finding::sentence)
                .findFirst()
                .orElse("");
    }
}
