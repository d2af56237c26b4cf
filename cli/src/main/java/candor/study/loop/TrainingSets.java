package candor.study.loop;

import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The files that the arms of a share are trained on under a seed, and beside them who was in and who was picked. */
final class TrainingSets {
    private static final String POPULATION = "population.jsonl";

    private TrainingSets() {}

    /** Where a set lies. */
    static Path file(Path data, BigDecimal share, long seed, Method method) {
        return folder(data, share, seed).resolve(method.name().toLowerCase(Locale.ROOT) + ".jsonl");
    }

    static Path population(Path data, BigDecimal share, long seed) {
        return folder(data, share, seed).resolve(POPULATION);
    }

    static Path folder(Path data, BigDecimal share, long seed) {
        return data.resolve("share-" + share.toPlainString()).resolve("seed-" + seed);
    }

    /** Who was in, with what reward, and whether it was picked: a row for each trajectory. */
    static List<ObjectNode> population(List<Trajectory> among, Selection selection) {
        Map<Trajectory, String> picked = new HashMap<>();
        selection.top().forEach(one -> picked.put(one, "top"));
        selection.bottom().forEach(one -> picked.put(one, "bottom"));
        List<ObjectNode> rows = new ArrayList<>();
        for (Trajectory one : among) {
            rows.add(JsonNodeFactory.instance
                    .objectNode()
                    .put("state_id", one.state().id())
                    .put("user_type", one.type().label())
                    .put("reward", one.reward())
                    .put("picked", picked.getOrDefault(one, "none")));
        }
        return rows;
    }
}
