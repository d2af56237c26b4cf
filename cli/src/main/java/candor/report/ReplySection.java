package candor.report;

import candor.report.html.Element;
import candor.report.html.Node;
import candor.study.record.Arm;
import candor.study.record.Key;
import candor.study.record.Metric;
import candor.study.record.Reply;
import candor.study.record.Role;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Replies before and after tuning, side by side. */
final class ReplySection {
    /** What arms are for whose replies are shown before and after. */
    private static final Set<Role> TOLD = EnumSet.of(Role.SEVERE, Role.MIXTURE, Role.LOOP, Role.REMEDY);

    /**
     * The arms of one comparison, under one seed.
     *
     * @param said the metric that the replies stand with
     */
    private record Sides(Metric metric, Metric said, long seed, Arm before, Optional<Arm> control, Arm after) {
        Key key(Arm arm) {
            return new Key(arm.name(), seed, said.task(), said.subset());
        }

        Stream<Arm> arms() {
            return Stream.concat(Stream.of(before), Stream.concat(control.stream(), Stream.of(after)));
        }

        String name() {
            return metric.task() + " " + metric.subset();
        }
    }

    private record Place(Key key, String id) {}

    private ReplySection() {}

    static Section of(StudyData data, Browsed browsed) {
        List<Sides> all = sides(data);
        Map<Key, Map<String, String>> verdicts = new LinkedHashMap<>();
        all.forEach(sides -> sides.arms().forEach(arm -> verdicts.put(sides.key(arm), new LinkedHashMap<>())));
        data.folder().replies(reply -> {
            Map<String, String> ofKey = verdicts.get(reply.key());
            if (ofKey != null) {
                ofKey.put(reply.id(), reply.verdict());
            }
        });
        Map<Sides, Picked> picked = new LinkedHashMap<>();
        Set<Place> wanted = new HashSet<>();
        for (Sides sides : all) {
            Picked rows = Picked.of(
                    sides.name(), verdicts.get(sides.key(sides.before())), verdicts.get(sides.key(sides.after())));
            picked.put(sides, rows);
            sides.arms().forEach(arm -> Stream.concat(rows.different().stream(), rows.same().stream())
                    .forEach(id -> wanted.add(new Place(sides.key(arm), id))));
        }
        Map<Place, Reply> texts = new HashMap<>();
        data.folder().replies(reply -> {
            Place place = new Place(reply.key(), reply.id());
            if (wanted.contains(place)) {
                texts.put(place, reply);
            }
        });
        List<Node> parts = new ArrayList<>();
        picked.forEach((sides, rows) -> part(parts, sides, rows, texts));
        if (parts.isEmpty()) {
            parts.add(Element.of("p", "No rows with replies of two arms under the same seed yet."));
        }
        parts.add(Element.of("h4", "Replies by arm, task and verdict"));
        parts.addAll(browsed.body());
        return new Section("Replies", parts);
    }

    /** Before is the base model; after, the arm where the study expects most; between them, its control. */
    private static List<Sides> sides(StudyData data) {
        List<Sides> all = new ArrayList<>();
        for (Metric metric : Findings.primary(data)) {
            for (Arm after : furthest(data, metric)) {
                Optional<Arm> control = Comparisons.control(data, after)
                        .filter(arm -> !data.seeds(arm, metric).isEmpty());
                Optional<Arm> base = Comparisons.base(data, after)
                        .filter(arm -> !data.seeds(arm, metric).isEmpty());
                base.or(() -> control).ifPresent(before -> {
                    Optional<Arm> between = control.filter(arm -> !arm.equals(before));
                    List<Arm> arms = new ArrayList<>(List.of(before, after));
                    between.ifPresent(arms::add);
                    data.sharedSeeds(arms, metric).stream()
                            .min(Long::compare)
                            .ifPresent(seed -> all.add(
                                    new Sides(metric, data.own(metric).orElse(metric), seed, before, between, after)));
                });
            }
        }
        return all;
    }

    private static Set<Arm> furthest(StudyData data, Metric metric) {
        Set<Arm> arms = new LinkedHashSet<>();
        List<Arm> measured = data.study().arms().stream()
                .filter(arm -> !data.seeds(arm, metric).isEmpty())
                .toList();
        for (Arm arm : measured) {
            boolean most = measured.stream()
                    .filter(other ->
                            other.role() == arm.role() && other.method().equals(arm.method()))
                    .noneMatch(other -> dose(other) > dose(arm));
            boolean told = TOLD.contains(arm.role());
            if (told && most) {
                arms.add(arm);
            }
        }
        return arms;
    }

    private static double dose(Arm arm) {
        return arm.ratio().or(arm::share).orElse(0.0);
    }

    private static void part(List<Node> parts, Sides sides, Picked rows, Map<Place, Reply> texts) {
        if (rows.both() == 0) {
            return;
        }
        parts.add(Element.of(
                "h4",
                "Before and after: " + sides.metric().label() + ": "
                        + sides.before().label() + ", then " + sides.after().label() + " (seed " + sides.seed() + ")"));
        parts.add(Element.of(
                        "p",
                        rows.rule(
                                sides.name(),
                                sides.before().label(),
                                sides.after().label()))
                .cls("note"));
        rows.different().forEach(id -> parts.add(row("Another verdict: row " + id, sides, id, texts)));
        rows.same().forEach(id -> parts.add(row("The same verdict: row " + id, sides, id, texts)));
    }

    private static Element row(String title, Sides sides, String id, Map<Place, Reply> texts) {
        List<Said.Side> said = new ArrayList<>();
        sides.arms().forEach(arm -> {
            Reply reply = texts.get(new Place(sides.key(arm), id));
            if (reply != null) {
                String place = arm.equals(sides.before()) ? "before" : arm.equals(sides.after()) ? "after" : "control";
                said.add(new Said.Side(arm.label(), place, reply.verdict(), reply.reply(), reply.detail()));
            }
        });
        Reply asked = texts.get(new Place(sides.key(sides.before()), id));
        return Said.row(title, asked.system(), asked.prompt(), said);
    }
}
