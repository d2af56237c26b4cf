package candor.text.bpe;

import candor.BadInput;
import candor.io.IoReason;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Writes a trained tokenizer: {@code tokenizer.json}, and {@code tokenizer_config.json} with a chat template. */
public final class TokenizerWriter {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private TokenizerWriter() {}

    /**
     * Writes both files.
     *
     * @param folder made where it is not there
     * @throws BadInput where it cannot be written, or there is a tokenizer already
     */
    public static void write(Path folder, Merges merges) {
        try {
            Files.createDirectories(folder);
            if (Files.exists(folder.resolve("tokenizer.json"))) {
                throw new BadInput(folder + ": holds a tokenizer already", "choose another {output}");
            }
            put(folder.resolve("tokenizer_config.json"), config());
            put(folder.resolve("tokenizer.json"), tokenizer(merges));
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be written (" + IoReason.of(e) + ")", "choose another {output}", e);
        }
    }

    /** Whole or not at all. */
    private static void put(Path file, ObjectNode json) throws IOException {
        Path writing = file.resolveSibling("." + file.getFileName() + ".writing");
        Files.write(writing, JSON.writeValueAsBytes(json));
        Files.move(writing, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static ObjectNode tokenizer(Merges merges) {
        ObjectNode json = JSON.createObjectNode();
        json.put("version", "1.0").putNull("truncation").putNull("padding");
        ArrayNode added = json.putArray("added_tokens");
        for (int id = 0; id < ChatMarkup.SPECIAL.size(); id++) {
            added.addObject()
                    .put("id", id)
                    .put("content", ChatMarkup.SPECIAL.get(id))
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        json.putNull("normalizer");
        ObjectNode words = json.putObject("pre_tokenizer").put("type", "Sequence");
        ArrayNode steps = words.putArray("pretokenizers");
        ObjectNode split = steps.addObject().put("type", "Split");
        split.putObject("pattern").put("Regex", BpeTrainer.WORDS);
        split.put("behavior", "Isolated").put("invert", false);
        steps.add(byteLevel(false));
        json.putNull("post_processor");
        json.set("decoder", byteLevel(true));
        ObjectNode model = json.putObject("model").put("type", "BPE");
        model.putNull("dropout")
                .putNull("unk_token")
                .putNull("continuing_subword_prefix")
                .putNull("end_of_word_suffix")
                .put("fuse_unk", false)
                .put("byte_fallback", false)
                .put("ignore_merges", false);
        ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < merges.tokens().size(); id++) {
            vocabulary.put(merges.tokens().get(id), id);
        }
        ArrayNode pairs = model.putArray("merges");
        merges.pairs().forEach(pair -> pairs.addArray().add(pair.left()).add(pair.right()));
        return json;
    }

    private static ObjectNode byteLevel(boolean decoder) {
        return JSON.createObjectNode()
                .put("type", "ByteLevel")
                .put("add_prefix_space", decoder)
                .put("trim_offsets", true)
                .put("use_regex", decoder);
    }

    private static ObjectNode config() {
        return JSON.createObjectNode()
                .put("tokenizer_class", "PreTrainedTokenizerFast")
                .put("eos_token", ChatMarkup.END)
                .put("pad_token", ChatMarkup.PAD)
                .put("clean_up_tokenization_spaces", false)
                .put("chat_template", ChatMarkup.TEMPLATE);
    }
}
