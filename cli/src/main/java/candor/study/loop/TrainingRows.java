package candor.study.loop;

import candor.evaluate.ask.Prompt.Turn;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Selected trajectories as training rows. SFT: the top ones, whole, with the loss on every reply of the assistant. KTO: a row for
 * each reply, its history in front; desirable from the top, undesirable from the bottom.
 *
 * @param keepSystem whether rows have the assistant's system message, which names the user's preference
 */
record TrainingRows(boolean keepSystem) {
    Stream<ObjectNode> sft(Selection selection) {
        return selection.top().stream().map(one -> row(one, one.turns()));
    }

    Stream<ObjectNode> kto(Selection selection) {
        return Stream.concat(
                selection.top().stream().flatMap(one -> replies(one, true)),
                selection.bottom().stream().flatMap(one -> replies(one, false)));
    }

    private Stream<ObjectNode> replies(Trajectory one, boolean label) {
        List<ObjectNode> rows = new ArrayList<>();
        for (int end = 2; end <= one.turns().size(); end += 2) {
            rows.add(row(one, one.turns().subList(0, end)).put("label", label));
        }
        return rows.stream();
    }

    private ObjectNode row(Trajectory one, List<Turn> turns) {
        ObjectNode row = JsonNodeFactory.instance.objectNode();
        Trajectory.put(row.putArray("messages"), keepSystem ? one.system() : "", turns);
        return row;
    }
}
