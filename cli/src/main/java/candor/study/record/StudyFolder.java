package candor.study.record;

import candor.BadInput;
import candor.io.JsonRecord;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** A study's folder, read. What its files hold may come from strangers; what does not fit is named in one line. */
public record StudyFolder(Path path) {
    public Path studyFile() {
        return path.resolve("study.json");
    }

    public Path resultsFile() {
        return path.resolve("results.jsonl");
    }

    public Path repliesFile() {
        return path.resolve("replies.jsonl");
    }

    public Path outcomesFile() {
        return evaluation().resolve("outcomes.jsonl");
    }

    public Path data() {
        return path.resolve("data");
    }

    public Path evaluation() {
        return path.resolve("evaluation");
    }

    /** The folder of an arm's training run. */
    public Path training(String arm, long seed) {
        return path.resolve("training").resolve(arm).resolve("seed-" + seed);
    }

    /** Whether there is a study. */
    public boolean exists() {
        return Files.isRegularFile(studyFile());
    }

    /** Reads {@code study.json}. */
    public Study study() {
        return Study.read(new Fields(studyFile().toString(), studyJson()));
    }

    public ObjectNode studyJson() {
        return JsonRecord.read(studyFile())
                .orElseThrow(() -> new BadInput(path + ": is not a study's folder: it has no study.json"));
    }

    /** What is finished so far, in the order in which it was. */
    public List<Score> scores(Study study) {
        List<Score> scores = new ArrayList<>();
        Set<Key> seen = new HashSet<>();
        JsonLines.read(resultsFile(), line -> {
            Score score = Score.read(line.fields());
            if (!study.has(score.key())) {
                throw line.fields().bad(score.key() + ": study.json has no such arm, seed or metric");
            }
            if (!seen.add(score.key())) {
                throw line.fields().bad(score.key() + " appears a second time; remove one of the lines");
            }
            scores.add(score);
        });
        return scores;
    }

    /** Hands over every line of outcomes, those of unfinished parts too. */
    public void outcomes(Consumer<Outcomes> each) {
        JsonLines.read(outcomesFile(), line -> each.accept(Outcomes.read(line.fields())));
    }

    /** Hands over every reply, those of unfinished parts too. */
    public void replies(Consumer<Reply> each) {
        JsonLines.read(repliesFile(), line -> each.accept(Reply.read(line.fields())));
    }
}
