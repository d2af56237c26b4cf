package candor.report;

import candor.report.html.Csv;
import candor.report.html.Element;
import candor.study.record.Arm;
import candor.study.record.Key;
import candor.study.record.Metric;
import candor.study.record.Reply;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** The replies that a study keeps: as many on the page as a browser opens easily, and all of them as CSV. */
final class StudyReplies {
    private static final List<String> COLUMNS = List.of(
            "Arm", "Seed", "Task", "Subset", "Row", "Verdict", "System prompt", "Asked", "Reply", "How it came about");

    /** A benchmark's part. */
    private record Place(String task, String subset) {}

    private final StudyData data;
    private final String name;
    private final int most;

    /** Of each part, its rows by their rank. */
    private final Map<Place, TreeMap<String, String>> ranked = new LinkedHashMap<>();

    private long replies;
    private final long seed;

    private StudyReplies(StudyData data, String name, int most) {
        this.data = data;
        this.name = name;
        this.most = most;
        seed = data.study().arms().stream()
                .filter(data::hasResults)
                .flatMap(arm -> arm.seeds().stream())
                .mapToLong(s -> s)
                .min()
                .orElse(0);
    }

    /**
     * Reads them.
     *
     * @param name of the study among the parts of the page
     * @param most replies on the page
     */
    static Browsed of(StudyData data, String name, int most) {
        StudyReplies replies = new StudyReplies(data, name, most);
        replies.finished(reply -> {
            replies.replies++;
            if (reply.key().seed() == replies.seed) {
                TreeMap<String, String> rows = replies.ranked.computeIfAbsent(
                        new Place(reply.key().task(), reply.key().subset()), place -> new TreeMap<>());
                rows.put(Picked.rank(reply.key().task() + " " + reply.key().subset(), reply.id()), reply.id());
                if (rows.size() > most) {
                    rows.pollLastEntry();
                }
            }
        });
        if (replies.replies == 0) {
            return Browsed.nothing(List.of(Element.of("p", "No replies are kept yet.")));
        }
        List<ReplyBrowser.Row> rows = replies.rows();
        FileBeside csv = new FileBeside(name + "-replies.csv", replies::csv);
        return new Browsed(
                List.of(
                        ReplyBrowser.note(
                                rows,
                                replies.replies,
                                "those under seed " + replies.seed
                                        + " to the first rows of each task, in the order of the"
                                        + " SHA-256 of \"task subset\", a line break and the row's id",
                                csv,
                                "replies.jsonl in the study's folder"),
                        ReplyBrowser.of(name, rows)),
                List.of(csv),
                ReplyBrowser.classes(rows));
    }

    /** Those of parts that have a score. */
    private void finished(Consumer<Reply> each) {
        data.folder().replies(reply -> {
            if (data.hasScore(reply.key())) {
                each.accept(reply);
            }
        });
    }

    /** As many rows of each part as there is room for, with every arm's reply to them under one seed. */
    private List<ReplyBrowser.Row> rows() {
        long arms = data.study().arms().stream().filter(data::hasResults).count();
        int each = (int) Math.max(1, most / Math.max(1, arms * ranked.size()));
        Map<Place, Map<String, Map<String, Reply>>> said = new LinkedHashMap<>();
        ranked.forEach((place, ids) -> {
            Map<String, Map<String, Reply>> wanted = new LinkedHashMap<>();
            ids.values().stream().limit(each).forEach(id -> wanted.put(id, new HashMap<>()));
            said.put(place, wanted);
        });
        finished(reply -> {
            Key key = reply.key();
            Map<String, Reply> row = key.seed() == seed
                    ? said.getOrDefault(new Place(key.task(), key.subset()), Map.of())
                            .get(reply.id())
                    : null;
            if (row != null) {
                row.put(key.arm(), reply);
            }
        });
        List<ReplyBrowser.Row> rows = new ArrayList<>();
        int shown = 0;
        for (Map.Entry<Place, Map<String, Map<String, Reply>>> part : said.entrySet()) {
            for (Map<String, Reply> byArm : part.getValue().values()) {
                if (shown >= most) {
                    return rows;
                }
                ReplyBrowser.Row row = row(part.getKey(), byArm);
                shown += row.answers().size();
                rows.add(row);
            }
        }
        return rows;
    }

    private ReplyBrowser.Row row(Place place, Map<String, Reply> byArm) {
        List<ReplyBrowser.Answer> answers = new ArrayList<>();
        Reply asked = null;
        for (Arm arm : data.study().arms()) {
            Reply reply = byArm.get(arm.name());
            if (reply != null) {
                asked = asked == null ? reply : asked;
                answers.add(new ReplyBrowser.Answer(arm.label(), reply.verdict(), reply.reply()));
            }
        }
        return new ReplyBrowser.Row(label(place), asked.id(), asked.system(), asked.prompt(), answers);
    }

    private String label(Place place) {
        return data.study()
                .metric(place.task(), place.subset())
                .map(Metric::label)
                .orElse(place.task() + " " + place.subset());
    }

    private void csv(Consumer<String> lines) {
        lines.accept(Csv.line(COLUMNS));
        finished(reply -> {
            Key key = reply.key();
            lines.accept(Csv.line(List.of(
                    Csv.text(data.study().arm(key.arm()).map(Arm::label).orElse(key.arm())),
                    Long.toString(key.seed()),
                    Csv.text(key.task()),
                    Csv.text(key.subset()),
                    Csv.text(reply.id()),
                    Csv.text(reply.verdict()),
                    Csv.text(reply.system()),
                    Csv.text(reply.prompt()),
                    Csv.text(reply.reply()),
                    Csv.text(reply.detail()))));
        });
    }
}
