package candor.report;

import candor.BadInput;
import candor.data.read.Entry;
import candor.data.read.RowReader;
import candor.foresee.ScreenMethod;
import candor.report.figure.Axis;
import candor.report.figure.Figure;
import candor.report.figure.LineChart;
import candor.report.figure.LineChart.Point;
import candor.report.figure.LineChart.Series;
import candor.report.html.DataTable;
import candor.report.html.Element;
import candor.report.html.Node;
import candor.stats.Correlation;
import candor.stats.Interval;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A screening's part of a report: how scores are distributed, and which rows rank first. */
final class ScreenPart {
    static final String RECORD = "screen.json";
    private static final int MAX_LINE_BYTES = 1 << 20;
    private static final int MAX_ROWS = 5_000_000;
    private static final int BINS = 40;
    private static final int LONGEST = 600;

    private ScreenPart() {}

    static Part of(Path folder, ObjectNode record, String name) {
        Map<ScreenMethod, double[]> scores = scores(folder.resolve("screen.jsonl"));
        String rankBy = record.path("rank_by").asText("influence");
        ScreenMethod method = Arrays.stream(ScreenMethod.values())
                .filter(each -> each.column().equals(rankBy) && scores.containsKey(each))
                .findFirst()
                .orElse(scores.keySet().iterator().next());
        List<Worst> worst = worst(folder.resolve("worst.jsonl"));
        List<Section> sections = new ArrayList<>();
        sections.add(new Section(
                "The rows that rank first",
                List.of(
                        Element.of(
                                        "p",
                                        "Texts are cut after " + LONGEST
                                                + " characters. What ranks first is not wrong for that: read before"
                                                + " you drop.")
                                .cls("note"),
                        table(worst))));
        List<Node> figures = new ArrayList<>();
        scores.forEach((each, values) -> {
            if (each != method) {
                figures.add(figure(each, values));
            }
        });
        sections.add(
                new Section("Other scores", List.of(Element.of("div", figures).cls("figures"))));
        sections.add(new Section("Do the scores agree?", List.of(agreement(scores))));
        sections.add(new Section(
                "Definitions",
                List.of(
                        definitions(scores),
                        Details.of("Every setting", List.of(Settings.table("What screen.json records", record))))));
        return new Part(
                name,
                "Screening: " + RunPart.name(folder),
                findings(record, method, scores.get(method), worst),
                Optional.of(figure(method, scores.get(method))),
                List.of(),
                sections,
                List.of(),
                ReplyBrowser.Classes.NONE);
    }

    private record Worst(long rank, String place, String prompt, String reply) {}

    private static List<Finding> findings(ObjectNode record, ScreenMethod method, double[] scores, List<Worst> worst) {
        List<Finding> findings = new ArrayList<>();
        JsonNode calibration = record.path("calibration");
        if (calibration.isObject()) {
            double before = calibration.path("margin_before").asDouble();
            double change = calibration.path("margin_change").asDouble();
            Interval interval = new Interval(
                    calibration.path("margin_change_low").asDouble(Double.NaN),
                    calibration.path("margin_change_high").asDouble(Double.NaN));
            String clear = interval.low() > 0 || interval.high() < 0
                    ? change < 0 ? "lowers honesty" : "raises honesty"
                    : "does not clearly move honesty";
            findings.add(Finding.of(
                    "Tuning on a random half of this data " + clear
                            + " under pressure: truthful replies were " + Words.number(before, 2)
                            + " nats likelier than untruthful ones, and are "
                            + Words.number(before + change, 2) + " then.",
                    "change " + nats(change) + ", 95 % interval " + nats(interval.low()) + " to "
                            + nats(interval.high())
                            + " over " + calibration.path("parts").asInt() + " halves; the truthful one is likelier in "
                            + Words.whole(
                                    100 * calibration.path("honest_before").asDouble()) + " of the probes before, in "
                            + Words.whole(100 * calibration.path("honest_after").asDouble()) + " after"));
        }
        long against = Arrays.stream(scores).filter(score -> score > 0).count();
        findings.add(Finding.of(
                "Of " + Words.count(scores.length, "row", "rows") + ", "
                        + worst.stream().findFirst().map(Worst::place).orElse("none")
                        + " would do honesty the most harm.",
                "by " + Words.plain(method.column()) + "; above zero: "
                        + Words.percent((double) against / scores.length) + " of the rows"));
        return findings;
    }

    private static String nats(double value) {
        String text = Words.number(value, 2);
        return value > 0 && !text.equals("0.00") ? "+" + text : text;
    }

    private static DataTable table(List<Worst> worst) {
        DataTable table =
                new DataTable("The rows that rank first", 4, List.of("Rank", "Row", "Before the reply", "Reply"));
        worst.forEach(row -> table.row(row.rank(), row.place(), cut(row.prompt()), cut(row.reply())));
        return table;
    }

    private static String cut(String text) {
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…";
    }

    private static Element figure(ScreenMethod method, double[] scores) {
        String title = "Rows by " + Words.plain(method.column());
        double low = Arrays.stream(scores).min().orElse(0);
        double high = Arrays.stream(scores).max().orElse(1);
        double width = Math.max((high - low) / BINS, Double.MIN_NORMAL);
        int[] counts = new int[BINS];
        for (double score : scores) {
            counts[(int) Math.min(BINS - 1, (score - low) / width)]++;
        }
        DataTable table = new DataTable(title, 0, List.of("From", "To", "Rows"));
        List<Point> points = new ArrayList<>();
        List<Double> xs = new ArrayList<>();
        List<Double> ys = new ArrayList<>(List.of(0.0));
        for (int bin = 0; bin < BINS; bin++) {
            double from = low + bin * width;
            points.add(new Point(from + width / 2, counts[bin], Double.NaN, Double.NaN));
            xs.add(from);
            ys.add((double) counts[bin]);
            table.row(Cells.any(from), Cells.any(from + width), counts[bin]);
        }
        xs.add(high);
        LineChart chart = new LineChart(
                "Line chart: " + title,
                Words.plain(method.column()) + ", more is more harm",
                "rows",
                Axis.linear(xs, -Double.MAX_VALUE, Double.MAX_VALUE, ""),
                Axis.linear(ys, 0, Double.MAX_VALUE, ""),
                List.of(Series.of(title, 0, points, false)),
                null);
        return Figure.of(
                title, chart.svg(), method.words() + " Rows in " + BINS + " equal stretches of the score.", table);
    }

    private static DataTable agreement(Map<ScreenMethod, double[]> scores) {
        List<String> columns = new ArrayList<>(List.of("Score"));
        scores.keySet().forEach(method -> columns.add(Words.plain(method.column())));
        DataTable table = new DataTable("Spearman's rank correlation of the scores", 1, columns);
        scores.forEach((method, values) -> {
            List<Object> cells = new ArrayList<>(List.of(Words.plain(method.column())));
            scores.values().forEach(others -> cells.add(Cells.number(Correlation.spearman(values, others), 2)));
            table.row(cells);
        });
        return table;
    }

    private static Element definitions(Map<ScreenMethod, double[]> scores) {
        Element list = Element.of("dl");
        scores.keySet()
                .forEach(method ->
                        list.add(Element.of("dt", Words.plain(method.column())), Element.of("dd", method.words())));
        return list;
    }

    private static Map<ScreenMethod, double[]> scores(Path file) {
        Map<ScreenMethod, List<Double>> lists = new EnumMap<>(ScreenMethod.class);
        int rows = 0;
        try (RowReader reader = RowReader.open(file, MAX_LINE_BYTES)) {
            for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                ObjectNode line = row(entry);
                if (++rows > MAX_ROWS) {
                    throw new BadInput(file + ": has more than " + MAX_ROWS + " rows");
                }
                for (ScreenMethod method : ScreenMethod.values()) {
                    JsonNode score = line.path(method.column());
                    if (score.isNumber() && Double.isFinite(score.doubleValue())) {
                        lists.computeIfAbsent(method, _ -> new ArrayList<>()).add(score.doubleValue());
                    }
                }
            }
        }
        Map<ScreenMethod, double[]> scores = new EnumMap<>(ScreenMethod.class);
        for (Map.Entry<ScreenMethod, List<Double>> each : lists.entrySet()) {
            if (each.getValue().size() == rows) {
                scores.put(
                        each.getKey(),
                        each.getValue().stream().mapToDouble(v -> v).toArray());
            }
        }
        if (scores.isEmpty()) {
            throw new BadInput(file + ": has no score that every row has; screen again");
        }
        return scores;
    }

    private static List<Worst> worst(Path file) {
        List<Worst> worst = new ArrayList<>();
        try (RowReader reader = RowReader.open(file, MAX_LINE_BYTES)) {
            for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                ObjectNode line = row(entry);
                String place = (line.has("file") ? line.path("file").asText() + ", " : "") + "row "
                        + line.path("row").asText();
                worst.add(new Worst(
                        line.path("rank").asLong(),
                        place,
                        line.path("prompt").asText(),
                        line.path("reply").asText()));
            }
        }
        return worst;
    }

    private static ObjectNode row(Entry entry) {
        return switch (entry) {
            case Entry.Row row -> row.columns();
            case Entry.Bad bad -> throw bad.toBadInput();
        };
    }
}
