package candor.report;

import candor.report.html.Element;
import candor.study.record.Metric;
import candor.study.record.Published;
import candor.study.record.StudyFolder;
import candor.study.record.StudyKind;
import java.util.ArrayList;
import java.util.List;

/** A study's part of a report. */
final class StudyPart {
    private StudyPart() {}

    static Part of(StudyFolder folder) {
        StudyData data = StudyData.read(folder);
        return of(data, Published.of(data.study().kind()));
    }

    static Part of(StudyData data, List<Published> published) {
        Comparisons comparisons = Comparisons.of(data);
        List<Doses> doses = data.study().kind() == StudyKind.MIXTURE
                ? data.measured(Metric.Kind.HONESTY, Metric.Kind.DECEPTION).stream()
                        .map(metric -> Doses.of(data, metric))
                        .filter(each -> !each.arms().isEmpty())
                        .toList()
                : List.of();
        List<String> findings = Findings.of(data, comparisons, doses);
        List<Element> body = new ArrayList<>();
        body.addAll(IntroSection.of(data));
        body.addAll(FigureSection.of(data, comparisons, doses));
        body.addAll(TableSection.of(data, comparisons));
        body.addAll(ReplySection.of(data));
        body.addAll(PublishedSection.of(data, published));
        body.addAll(RepeatSection.of(data));
        return new Part(Labels.title(data.study().kind()) + ": " + data.study().name(), findings, body);
    }
}
