package candor.report;

import candor.study.record.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A study's findings as one would tell them: a sentence each, made of what the numbers say and of nothing else. Which comparisons are
 * told is fixed beforehand.
 */
final class Story {
    private Story() {}

    static List<Finding> of(StudyData data, Comparisons comparisons, List<Doses> doses) {
        Telling telling = new Telling(data, comparisons);
        List<Finding> findings = new ArrayList<>();
        Findings.cautions(data).forEach(caution -> findings.add(Finding.caution(caution)));
        Optional<Metric> first = Measure.first(data);
        if (first.isEmpty()) {
            findings.add(Finding.of("No results yet.", ""));
            return findings;
        }
        List<Metric> told = new ArrayList<>(Findings.primary(data));
        first.filter(metric -> !told.contains(metric)).ifPresent(told::addFirst);
        int before = findings.size();
        switch (data.study().kind()) {
            case DIRECT -> {
                DirectStory direct = new DirectStory(telling);
                told.forEach(metric -> direct.honesty(metric).ifPresent(findings::add));
                direct.capability().ifPresent(findings::add);
            }
            case MIXTURE -> new MixtureStory(telling).of(told.getFirst(), doses).ifPresent(findings::add);
            case LOOP -> new LoopStory(telling).of(told.getFirst()).ifPresent(findings::add);
            case REMEDY -> {
                RemedyStory remedy = new RemedyStory(telling);
                remedy.best(told.getFirst()).ifPresent(findings::add);
                new DirectStory(telling).honesty(told.getFirst()).ifPresent(findings::add);
                remedy.honesty(told.getFirst()).ifPresent(findings::add);
                remedy.capability().ifPresent(findings::add);
            }
        }
        if (findings.size() == before) {
            findings.add(Finding.of("No two arms can be compared yet.", ""));
        }
        return findings;
    }
}
