package candor.train;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.IoReason;
import candor.io.SafeFolder;
import candor.model.ModelConfig;
import candor.model.SideFiles;
import candor.model.TrainedWeights;
import candor.tensor.DType;
import candor.tensor.Tensor;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * All weights of a model. They become a checkpoint folder as Hugging Face has it: weights, config.json, generation settings,
 * and copies of the tokenizer's files.
 *
 * @param configFile the config.json that the model was made by
 * @param text       the folder of tokenizer and chat template
 */
record ModelTrainee(TrainedWeights weights, Path result, Path configFile, Path text, DType saveType)
        implements Trainee {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final String CONFIG = "config.json";
    private static final String GENERATION = "generation_config.json";

    @Override
    public Tensor parameters() {
        return weights.parameterRow();
    }

    @Override
    public Tensor gradients() {
        return weights.gradientRow();
    }

    @Override
    public int decayed() {
        return weights.decayed();
    }

    /** Matrices come before vectors, whatever their layers, and a tied head's gradient is done with the embedding's. */
    @Override
    public int[] layers() {
        return null;
    }

    @Override
    public Map<String, ?> facts() {
        return Map.of("trainable_parameters", weights.config().parameterCount());
    }

    /** The folder appears whole or not at all. */
    @Override
    public void write() {
        Path writing = result.resolveSibling("." + result.getFileName() + ".writing");
        try {
            delete(writing);
            Files.createDirectory(writing);
            SideFiles.copy(SafeFolder.at(text, "the folder of a tokenizer"), writing);
            AtomicFile.write(writing.resolve(CONFIG), Files.readAllBytes(configFile));
            SideFiles.say(writing.resolve(CONFIG), saveType);
            if (!Files.exists(writing.resolve(GENERATION))) {
                AtomicFile.write(writing.resolve(GENERATION), JSON.writeValueAsBytes(generation(weights.config())));
            }
            weights.write(writing, saveType);
            delete(result);
            Files.move(writing, result, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new BadInput(
                    result + ": cannot be written (" + IoReason.of(e) + ")",
                    "make room there or fix its permissions, then continue with {resume}",
                    e);
        }
    }

    /** Where a text begins and ends, as config.json says it. */
    private static ObjectNode generation(ModelConfig config) {
        ObjectNode json = JSON.createObjectNode();
        if (config.bosTokenId() != null) {
            json.put("bos_token_id", config.bosTokenId());
        }
        List<Integer> ends = config.eosTokenIds();
        if (ends.size() == 1) {
            json.put("eos_token_id", ends.getFirst());
        } else if (!ends.isEmpty()) {
            ends.forEach(json.withArray("eos_token_id")::add);
        }
        if (config.padTokenId() != null) {
            json.put("pad_token_id", config.padTokenId());
        }
        return json;
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        List<Path> all;
        try (Stream<Path> files = Files.walk(folder)) {
            all = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : all) {
            Files.delete(file);
        }
    }
}
