package candor.watch;

import candor.BadInput;
import candor.evaluate.EvaluationFiles;
import candor.io.JsonRecord;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/** An evaluation, as its folder shows it now. Nothing there says whether a process is at it: only when the last answer came. */
final class EvaluationView {
    private final Path folder;
    private final Answers answers;
    private ObjectNode record = JsonNodeFactory.instance.objectNode();

    EvaluationView(Path folder) {
        this.folder = folder;
        answers = new Answers(folder.resolve("cache"));
    }

    Path folder() {
        return folder;
    }

    void read(long until) {
        answers.read(until);
        if (record.isEmpty()) {
            try {
                JsonRecord.read(folder.resolve(EvaluationFiles.RUN)).ifPresent(read -> record = read);
            } catch (BadInput e) {
                return; // it is told by what else is there
            }
        }
    }

    String task() {
        return record.path("task").asText("evaluation");
    }

    boolean done() {
        return Files.isRegularFile(folder.resolve(EvaluationFiles.SCORES));
    }

    Answers answers() {
        return answers;
    }

    Instant last() {
        return answers.last();
    }
}
