package candor.generate.file;

import candor.BadInput;
import candor.data.read.Fingerprint;
import candor.generate.Sampling;
import candor.io.HubSnapshot;
import candor.io.IoReason;
import candor.io.Sha256;
import candor.lora.AdapterFolder;
import candor.ops.weight.PackedForm;
import candor.probe.Steering;
import candor.text.SpecialTextPolicy;
import candor.text.TemplateChoice;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a run is to do.
 *
 * @param model        the folder of the base model
 * @param weights      what linear layers are packed as, or null for whatever they are in
 * @param steering     how the model is steered, or null
 * @param adapters     folders of adapters, each of which goes on from every prompt; {@link #BASE} is the base model; none
 *                     means that alone
 * @param prompts      the file of prompts
 * @param output       the file of completions
 * @param sampling     how tokens are chosen
 * @param maxNewTokens how many may come, at least 1
 * @param stops        texts that end a completion
 * @param logProbs     whether log-probabilities are written
 * @param specialText  what to do with the text of special tokens in prompts
 * @param date         what templates print as today
 * @param template     which chat template renders prompts
 * @param backend      the backend's {@link candor.ops.BackendDescriptor#identity}: others round differently
 * @param resume       whether to go on with what is there
 * @param force        whether to write over what is there
 */
public record RunSettings(
        Path model,
        PackedForm weights,
        Steering steering,
        List<String> adapters,
        Path prompts,
        Path output,
        Sampling sampling,
        int maxNewTokens,
        List<String> stops,
        boolean logProbs,
        SpecialTextPolicy specialText,
        LocalDate date,
        TemplateChoice template,
        String backend,
        boolean resume,
        boolean force) {
    /** Stands for the base model among adapters. */
    public static final String BASE = "base";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> MODEL_FILES = List.of(".safetensors", ".json", ".jinja");

    /** @throws BadInput for what makes no sense */
    public RunSettings {
        adapters = adapters.isEmpty() ? List.of(BASE) : List.copyOf(adapters);
        stops = List.copyOf(stops);
        if (maxNewTokens < 1) {
            throw new BadInput("a reply of " + maxNewTokens + " tokens is none", "give {max_new_tokens} as 1 or more");
        }
        if (stops.stream().anyMatch(String::isEmpty)) {
            throw new BadInput("an empty text would stop at once", "give {stop} as a text");
        }
        if (adapters.stream().distinct().count() < adapters.size()) {
            throw new BadInput(
                    "of the adapters " + String.join(", ", adapters) + " one appears twice", "give {adapter} once");
        }
        if (resume && force) {
            throw new BadInput(
                    "what is there cannot be both continued and discarded", "give one of {resume} and {force}");
        }
    }

    /** What the bytes of the output follow from; a run that is gone on with must have been begun with the same. */
    ObjectNode identity() {
        ObjectNode all = JSON.createObjectNode();
        all.put("prompts_sha256", Fingerprint.of(prompts).sha256());
        all.put("model_sha256", hash(model));
        if (weights != null) {
            all.put("weights", weights.text());
        }
        if (steering != null) {
            all.put("steer", steering.identity());
        }
        ArrayNode each = all.putArray("adapters");
        for (String adapter : adapters) {
            each.addObject()
                    .put("adapter", shown(adapter))
                    .put("sha256", isBase(adapter) ? null : hash(AdapterFolder.find(Path.of(adapter))));
        }
        all.put("max_new_tokens", maxNewTokens);
        all.put("temperature", sampling.temperature());
        all.put("top_p", sampling.topP());
        all.put("top_k", sampling.topK());
        all.put("repetition_penalty", sampling.repetitionPenalty());
        all.put("seed", sampling.seed());
        ArrayNode texts = all.putArray("stop");
        stops.forEach(texts::add);
        all.put("logprobs", logProbs);
        all.put("keep_special_tokens", specialText == SpecialTextPolicy.KEEP);
        all.put("template_date", date.toString());
        if (!template.equals(TemplateChoice.DEFAULT)) {
            all.put("chat_template", template.fingerprint());
        }
        all.put("backend", backend);
        return all;
    }

    static boolean isBase(String adapter) {
        return adapter.equals(BASE);
    }

    /** What rows and records call an adapter: of the Hub its name and commit there, else its folder as it was given. */
    static String shown(String adapter) {
        return isBase(adapter)
                ? adapter
                : HubSnapshot.of(Path.of(adapter))
                        .map(hub -> hub.repository() + "@" + hub.commit().substring(0, 12))
                        .orElse(adapter);
    }

    /** One hash over the files that a checkpoint or an adapter consists of, in the order of their names. */
    private static String hash(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new BadInput(folder + ": no such folder; give the folder of a model, or of an adapter");
        }
        List<Path> files = new ArrayList<>();
        try (Stream<Path> all = Files.list(folder)) {
            all.filter(Files::isRegularFile)
                    .filter(file ->
                            MODEL_FILES.stream().anyMatch(end -> file.toString().endsWith(end)))
                    .sorted()
                    .forEach(files::add);
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be listed: " + IoReason.of(e), e);
        }
        Sha256 sum = new Sha256();
        for (Path file : files) {
            sum.add(file.getFileName() + " " + Fingerprint.of(file).sha256() + "\n");
        }
        return sum.hex();
    }

    static String pretty(ObjectNode node) {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts and numbers always make JSON", e);
        }
    }
}
