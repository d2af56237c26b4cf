package candor.watch;

import candor.probe.ProbeReading;
import candor.report.figure.Axis;
import candor.report.figure.LineChart;
import candor.report.figure.LineChart.Point;
import candor.report.figure.LineChart.Series;
import candor.report.html.Element;
import candor.train.RunStatus;
import candor.train.log.StepLog;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** A run on the page: how far it is, and its curves. */
final class RunParts {
    private RunParts() {}

    /**
     * A chart of the page.
     *
     * @param least its axis does not go below
     */
    record Chart(String title, String unit, double least, List<String> names) {}

    private static final List<Chart> CHARTS = List.of(
            new Chart("Loss", "nats", 0, List.of("loss", "eval_loss")),
            new Chart("Probes: margins", "nats", -Double.MAX_VALUE, List.of(ProbeReading.HONESTY, ProbeReading.BELIEF)),
            new Chart("Tokens per second", "tokens/s", 0, List.of(StepLog.TOKENS_PER_SECOND)),
            new Chart("Learning rate", "", 0, List.of("learning_rate")));

    /** A line of a chart. */
    record Line(String label, List<Point> points) {}

    static List<Part> of(RunView run, String name, Instant now) {
        List<Part> parts = new ArrayList<>();
        Element section = Element.of(
                        "section",
                        Element.of("h2", "Training run: " + Shown.name(name), " ", badge(run.status())),
                        progress(run.share()),
                        numbers(run, now),
                        facts(run))
                .cls("watched");
        trouble(section, run);
        parts.add(Part.of(Part.id("run", run.folder()), section));
        List<Element> charts = charts(run);
        if (!charts.isEmpty()) {
            parts.add(Part.of(
                    Part.id("curves", run.folder()),
                    Element.of("div", charts).cls("figures").attr("aria-label", "Curves of " + Shown.name(name))));
        }
        return parts;
    }

    private static void trouble(Element section, RunView run) {
        for (String each : List.of(run.trouble(), run.reason())) {
            if (!each.isEmpty()) {
                section.add(Element.of("p", Shown.text(each)).cls("caution"));
            }
        }
        if (run.status().equals(RunStatus.KILLED)) {
            section.add(Element.of(
                    "p",
                    "Its process ended without a word. The same command with --resume continues from the last"
                            + " checkpoint."));
        }
        run.catchingUp()
                .ifPresent(read -> section.add(Element.of(
                        "p",
                        "Its metrics are long: " + (int) (100 * read) + " % of them are read so far, and the numbers"
                                + " are of there.")));
    }

    /** A state in a word, with a class for its colour. */
    static Element badge(String status) {
        String cls =
                switch (status) {
                    case RunView.RUNNING -> "running";
                    case RunView.DONE -> "done";
                    case RunView.WAITING -> "waiting";
                    default -> "ended";
                };
        return Element.of("span", Shown.name(status)).cls("badge " + cls);
    }

    /** A bar, for those who see it; the numbers beside it say the same. */
    static Element progress(double share) {
        int width = (int) Math.round(1000 * Math.clamp(share, 0, 1));
        return Element.of(
                        "svg",
                        Element.of("rect")
                                .attr("x", 0)
                                .attr("y", 0)
                                .attr("width", 1000)
                                .attr("height", 8)
                                .cls("track"),
                        Element.of("rect")
                                .attr("x", 0)
                                .attr("y", 0)
                                .attr("width", width)
                                .attr("height", 8)
                                .cls("f0"))
                .attr("viewBox", "0 0 1000 8")
                .attr("role", "img")
                .attr("aria-label", width / 10 + " % done")
                .cls("progress");
    }

    private static Element numbers(RunView run, Instant now) {
        Element list = Element.of("dl").cls("numbers");
        number(
                list,
                "step",
                run.steps() > 0
                        ? Shown.whole(run.step()) + " of " + Shown.whole(run.steps())
                        : Shown.whole(run.step()));
        run.left().ifPresent(left -> number(list, "time left, about", Shown.clock(left)));
        value(list, run, "loss", "loss", Shown::number);
        value(list, run, "eval_loss", "loss on held-out rows", Shown::number);
        value(list, run, ProbeReading.HONESTY, "honesty margin", Shown::number);
        value(list, run, ProbeReading.BELIEF, "belief margin", Shown::number);
        value(list, run, StepLog.TOKENS_PER_SECOND, "tokens/s", Shown::whole);
        value(list, run, StepLog.UTILISATION, "of the GPU's peak", share -> Shown.whole(100 * share) + " %");
        value(list, run, StepLog.DEVICE_MEMORY, "memory of the GPU", mib -> Shown.whole(mib) + " MiB");
        value(list, run, StepLog.MEMORY, "memory", mib -> Shown.whole(mib) + " MiB");
        run.lastTime().ifPresent(time -> number(list, "last step", Shown.ago(time, now)));
        return list;
    }

    private static void value(Element list, RunView run, String name, String label, Function<Double, String> text) {
        run.last(name).ifPresent(value -> number(list, label, text.apply(value)));
    }

    static void number(Element list, String label, String text) {
        list.add(Element.of("div", Element.of("dt", label), Element.of("dd", text)));
    }

    private static Element facts(RunView run) {
        List<String> facts = new ArrayList<>();
        run.facts().forEach((name, value) -> facts.add(name + " " + Shown.name(value)));
        return Element.of("p", String.join(" · ", facts)).cls("soft facts");
    }

    private static List<Element> charts(RunView run) {
        List<Element> charts = new ArrayList<>();
        for (Chart chart : CHARTS) {
            List<Line> lines = new ArrayList<>();
            for (String name : chart.names()) {
                run.curve(name).ifPresent(curve -> lines.add(new Line(name.replace('_', ' '), curve.points())));
            }
            chart(chart.title(), chart.unit(), chart.least(), lines, charts);
        }
        return charts;
    }

    /**
     * Adds a figure, where there is something to draw.
     *
     * @param least the axis does not go below
     */
    static void chart(String title, String unit, double least, List<Line> lines, List<Element> to) {
        List<Series> series = new ArrayList<>();
        List<Double> steps = new ArrayList<>();
        List<Double> heights = new ArrayList<>();
        for (Line line : lines) {
            if (!line.points().isEmpty()) {
                // A single point has no line through it.
                series.add(Series.of(
                        line.label(),
                        series.size(),
                        line.points(),
                        line.points().size() == 1));
                line.points().forEach(point -> {
                    steps.add(point.x());
                    heights.add(point.y());
                });
            }
        }
        if (series.isEmpty()) {
            return;
        }
        LineChart chart = new LineChart(
                "Line chart: " + title,
                "optimiser step",
                unit,
                Axis.steps(steps),
                Axis.linear(heights, least, Double.MAX_VALUE, ""),
                series,
                null);
        to.add(Element.of("figure", Element.of("p", title).cls("title"), chart.svg()));
    }
}
