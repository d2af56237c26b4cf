package candor.study;

import candor.BadInput;
import candor.data.Example;
import candor.io.AtomicFile;
import candor.text.Message;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Training sets that a study makes: each appears whole or not at all, and remembers what it was made from. */
public final class MadeData {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SOURCES = "sources.json";

    private final Path folder;

    private MadeData(Path folder) {
        this.folder = folder;
    }

    /**
     * The sets of a folder.
     *
     * @param sources the files that they are made from
     * @throws BadInput where the folder's sets were made from others
     */
    public static MadeData in(Path folder, List<Path> sources) {
        ArrayNode now = StudyRecords.fingerprints(sources);
        Path record = folder.resolve(SOURCES);
        try {
            Files.createDirectories(folder);
            if (!Files.exists(record)) {
                AtomicFile.write(record, JSON.writeValueAsBytes(now));
            } else if (!JSON.readTree(record.toFile()).equals(now)) {
                throw new BadInput(folder + ": its sets were made from files that have changed since; put the old files"
                        + " back, or start a new study in another folder");
            }
        } catch (IOException e) {
            throw new BadInput(
                    folder + ": cannot be created as the folder of training sets (" + candor.io.IoReason.of(e)
                            + "); choose another --output",
                    e);
        }
        return new MadeData(folder);
    }

    public boolean has(String name) {
        return Files.isRegularFile(folder.resolve(name));
    }

    /** Writes a set of conversations, as lines of {@code messages}. */
    public void write(String name, List<Example> rows) {
        StringBuilder text = new StringBuilder();
        for (Example row : rows) {
            if (!(row.content() instanceof Example.Chat(var conversation))) {
                throw new BadInput(
                        row.origin() + ": is not a conversation; a study's rows are instructions or messages");
            }
            ObjectNode line = JSON.createObjectNode();
            ArrayNode messages = line.putArray("messages");
            for (Message message : conversation.messages()) {
                ObjectNode written = JSON.valueToTree(message.fields());
                messages.add(message.learnt() ? written : written.put("weight", 0));
            }
            if (conversation.tools() != null) {
                line.set("tools", JSON.valueToTree(conversation.tools()));
            }
            if (!conversation.variables().isEmpty()) {
                line.set("chat_template_kwargs", JSON.valueToTree(conversation.variables()));
            }
            text.append(line).append('\n');
        }
        AtomicFile.write(folder.resolve(name), text.toString().getBytes(StandardCharsets.UTF_8));
    }
}
