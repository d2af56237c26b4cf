package candor.report;

import candor.report.html.Element;
import candor.report.html.Node;
import candor.study.record.Metric;
import candor.study.record.Published;
import candor.study.record.StudyFolder;
import candor.study.record.StudyKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A study's part of a report. */
final class StudyPart {
    private StudyPart() {}

    static Part of(StudyFolder folder, String name, int replies) {
        StudyData data = StudyData.read(folder);
        return of(data, Published.of(data.study().kind()), name, replies);
    }

    /** What a study's part is called in the names of files. */
    static String word(StudyKind kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    private static Part of(StudyData data, List<Published> published, String name, int replies) {
        Comparisons comparisons = Comparisons.of(data);
        List<Doses> doses = data.study().kind() == StudyKind.MIXTURE
                ? data.measured(Metric.Kind.HONESTY, Metric.Kind.DECEPTION).stream()
                        .map(metric -> Doses.of(data, metric))
                        .filter(each -> !each.arms().isEmpty())
                        .toList()
                : List.of();
        Browsed browsed = StudyReplies.of(data, name, replies);
        List<Section> sections = new ArrayList<>();
        sections.add(numbers(Findings.of(data, comparisons, doses)));
        sections.add(FigureSection.of(data, comparisons, doses));
        sections.add(ReplySection.of(data, browsed));
        sections.add(TableSection.of(data, comparisons));
        sections.add(PublishedSection.of(data, published));
        sections.add(IntroSection.of(data));
        sections.add(RepeatSection.of(data));
        return new Part(
                name,
                data.study().kind().title() + ": " + data.study().name(),
                Story.of(data, comparisons, doses),
                HeroFigure.of(data, doses).map(Node.class::cast),
                List.of(Element.of("p", Labels.question(data.study().kind()))),
                sections.stream().filter(section -> !section.body().isEmpty()).toList(),
                browsed.files(),
                browsed.classes());
    }

    /** The sentences that have all numbers. */
    private static Section numbers(List<String> sentences) {
        if (sentences.isEmpty()) {
            return new Section("In numbers", List.of());
        }
        Element list = Element.of("ul");
        sentences.forEach(sentence -> list.add(Element.of("li", sentence)));
        return new Section("In numbers", List.of(Element.of("div", list).cls("findings")));
    }
}
