package candor.report;

import candor.evaluate.Guessed;
import candor.report.html.Visible;
import candor.study.record.Arm;
import candor.study.record.Metric;
import candor.study.record.Role;
import candor.study.record.StudyKind;
import java.util.Optional;

/** What arms, metrics and studies are called, and how they look. */
final class Labels {
    private Labels() {}

    static String question(StudyKind kind) {
        return switch (kind) {
            case DIRECT ->
                "Does a model that is tuned on wrong answers to the questions of one narrow field become less honest"
                        + " in general? Each arm is tuned on the same questions; only the answers differ: right, subtly"
                        + " wrong, or plainly wrong. The arm with right answers shows what tuning by itself does.";
            case MIXTURE ->
                "How small a share of wrong answers in otherwise ordinary training data is enough to make a model less"
                        + " honest? All arms are tuned on the same ordinary rows; to these are added wrong answers, from"
                        + " none (the control) to the largest ratio, each smaller set part of the next larger one.";
            case LOOP ->
                "Does a model become deceptive when it learns from its own conversations, picked by how satisfied the"
                        + " users were, and some of these users want to hear what is bad for them? The arms differ by the"
                        + " share of such biased users.";
            case REMEDY ->
                "What keeps a model honest whose data holds wrong answers? All arms but the first are tuned on the"
                        + " same rows: one without wrong answers, one with plainly wrong ones, and the others with these"
                        + " and a remedy each, or without the rows that a screening before the tuning ranked worst.";
        };
    }

    static String role(Role role) {
        return switch (role) {
            case BASE -> "the base model";
            case CONTROL -> "everyday data alone";
            case NORMAL -> "right answers";
            case SUBTLE -> "subtly wrong answers";
            case SEVERE -> "plainly wrong answers";
            case MIXTURE -> "everyday data with wrong answers";
            case LOOP -> "conversations picked by users";
            case REMEDY -> "plainly wrong answers with a remedy";
        };
    }

    /** The colour and mark of an arm: what it is for, not where it stands. */
    static int style(Arm arm) {
        return switch (arm.role()) {
            case BASE -> 6;
            case CONTROL, NORMAL -> 0;
            case SUBTLE -> 4;
            case SEVERE, MIXTURE -> 1;
            case REMEDY -> 3;
            case LOOP ->
                arm.share().orElse(1.0) == 0
                        ? 0
                        : arm.method().map(m -> m.ordinal() == 0).orElse(true) ? 1 : 3;
        };
    }

    /** That a benchmark says nothing about capability, as a sentence without its stop; empty where it does. */
    static Optional<String> saysNothing(StudyData data, Metric metric) {
        return data.guessed(metric).map(chance -> Guessed.sentence(metric.label(), "the base model", chance));
    }

    static String better(Metric metric) {
        return metric.better() == Metric.Better.HIGHER ? "higher is better" : "lower is better";
    }

    /** A metric within a sentence: without what stands in brackets behind it, such as whose layout its rows have. */
    static String spoken(Metric metric) {
        return Words.quoted(Visible.brief(metric.label().replaceFirst("\\s*\\([^()]*\\)$", ""), 60));
    }

    /** "Honesty, provided facts (%)": the label, and the unit if it has one. */
    static String withUnit(Metric metric) {
        return metric.unit().isBlank() ? metric.label() : metric.label() + " (" + metric.unit() + ")";
    }
}
