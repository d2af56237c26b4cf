package candor.lora;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.IoReason;
import candor.io.JsonFile;
import candor.io.SafeFolder;
import candor.lora.AdapterShape.Place;
import candor.model.ModelConfig;
import candor.model.SafetensorsWriter;
import candor.model.SafetensorsWriter.Spec;
import candor.model.Weights;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Adapters in the folder layout of PEFT 0.21: {@code adapter_config.json} and {@code adapter_model.safetensors}. What
 * PEFT writes is read, in float32, bfloat16 or float16; what is written, in float32, is what PEFT reads, and the same
 * adapter makes the same bytes.
 *
 * <p>A dropout in the configuration is accepted and not applied: it only ever concerns training, and a run's own
 * settings decide that.
 */
public final class PeftFiles {
    static final String CONFIG = "adapter_config.json";
    static final String WEIGHTS = "adapter_model.safetensors";
    private static final String PICKLED = "adapter_model.bin";

    private PeftFiles() {}

    /**
     * Looks whether there is an adapter in a folder, with settings that Candor knows.
     *
     * @throws BadInput where that is not so
     */
    public static void check(Path folder) {
        config(folder);
        file(folder, WEIGHTS);
    }

    /**
     * The shape of an adapter that is to be trained further.
     *
     * @throws BadInput where it is none that Candor trains, or fits no layer of the model
     */
    public static AdapterShape shape(Path folder, ModelConfig model) {
        PeftConfig config = config(folder);
        config.requireTrainable();
        return config.shape(model);
    }

    private static PeftConfig config(Path folder) {
        return PeftConfig.read(JsonFile.read(file(folder, CONFIG)));
    }

    /**
     * Reads an adapter to look at only.
     *
     * @param weights the base's, which magnitudes and tables of the adapter's own are folded with
     * @throws BadInput where it is none that Candor supports, or was made for another model
     */
    public static Adapter frozen(Path folder, Weights weights, Memory memory) {
        PeftConfig config = config(folder);
        AdapterShape shape = config.shape(weights.config());
        try (Arena arena = Arena.ofShared()) {
            Path path = file(folder, WEIGHTS);
            PeftReader reader = new PeftReader(path, config, shape, new PeftTensors(path, arena), memory);
            reader.requireLayers();
            Adapter adapter = Adapter.frozen(memory, new AdapterLayout(shape), reader.extras(weights));
            reader.factors(adapter);
            reader.requireAllRead();
            return adapter;
        }
    }

    /**
     * Reads an adapter to train further.
     *
     * @throws BadInput where it is none that Candor trains, or was made for another model
     */
    public static Adapter trained(Path folder, ModelConfig model, Memory memory) {
        AdapterShape shape = shape(folder, model);
        try (Arena arena = Arena.ofShared()) {
            Path path = file(folder, WEIGHTS);
            PeftReader reader = new PeftReader(path, config(folder), shape, new PeftTensors(path, arena), memory);
            reader.requireLayers();
            Adapter adapter = Adapter.trained(memory, new AdapterLayout(shape));
            reader.factors(adapter);
            reader.requireAllRead();
            return adapter;
        }
    }

    private static Path file(Path given, String name) {
        Path path = AdapterFolder.find(given);
        SafeFolder folder = SafeFolder.at(path, "the folder of an adapter, with " + CONFIG + " and " + WEIGHTS);
        if (folder.has(name)) {
            return folder.file(name);
        }
        if (name.equals(CONFIG)) {
            throw AdapterFolder.none(path);
        }
        if (folder.has(PICKLED)) {
            throw new BadInput(path + ": has its weights in " + PICKLED
                    + ", which can run code when it is read; save the adapter again with PEFT (save_pretrained) to get "
                    + WEIGHTS);
        }
        throw new BadInput(path + ": is not an adapter in PEFT's layout: it has no " + name + "; give a folder with "
                + CONFIG + " and " + WEIGHTS);
    }

    static void makeFolder(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new BadInput(
                    folder + ": cannot be created as a folder (" + IoReason.of(e) + "); choose another one", e);
        }
    }

    /** Every factor by its name in the file, as a view of the adapter's parameters. */
    private static Map<String, Tensor> views(Adapter adapter) {
        Map<String, Tensor> views = new LinkedHashMap<>();
        for (Place place : adapter.shape().sites().keySet()) {
            views.put(PeftTensors.name(place.module(), "lora_A.weight"), adapter.a(place.layer(), place.projection()));
            views.put(PeftTensors.name(place.module(), "lora_B.weight"), adapter.b(place.layer(), place.projection()));
        }
        return views;
    }

    /** As {@link #write(Path, Adapter, String, String, double)}, of an adapter that was trained without dropout. */
    public static void write(Path folder, Adapter adapter, String baseModel) {
        write(folder, adapter, baseModel, null, 0);
    }

    /**
     * Writes an adapter; the folder is made where it is missing, and each of the two files appears whole or not at all.
     *
     * @param baseModel what PEFT shall take as the base model (a folder, or a name on the Hugging Face Hub), or null
     * @param revision  of a name on the Hub: a commit, or null
     * @param dropout   what it was trained with
     * @throws BadInput where it cannot be written
     */
    public static void write(Path folder, Adapter adapter, String baseModel, String revision, double dropout) {
        write(folder, adapter, Map.of(), baseModel, revision, dropout);
    }

    /**
     * The same with biases behind B, as PEFT's {@code lora_bias} has them: added to what the layer makes, times the scale.
     *
     * @param biases by place, as many values as the layer has outputs; zero where a place is not named
     */
    static void write(
            Path folder,
            Adapter adapter,
            Map<Place, float[]> biases,
            String baseModel,
            String revision,
            double dropout) {
        makeFolder(folder);
        Map<String, Tensor> views = views(adapter);
        List<Spec> specs = new ArrayList<>();
        views.forEach((name, view) -> specs.add(Spec.matrix(name, DType.F32, view.rows(), view.cols())));
        Map<String, float[]> vectors = new LinkedHashMap<>();
        if (!biases.isEmpty()) {
            for (Place place : adapter.shape().sites().keySet()) {
                float[] none = new float[place.projection().outputs(adapter.model())];
                vectors.put(PeftTensors.name(place.module(), "lora_B.bias"), biases.getOrDefault(place, none));
            }
        }
        vectors.forEach((name, values) -> specs.add(Spec.vector(name, DType.F32, values.length)));
        try (SafetensorsWriter writer = new SafetensorsWriter(folder.resolve(WEIGHTS), specs)) {
            for (SafetensorsWriter.Item item : writer.order()) {
                try (Arena arena = Arena.ofConfined()) {
                    Tensor view = views.get(item.name());
                    float[] vector = vectors.get(item.name());
                    writer.write(
                            view == null
                                    ? Tensor.of(arena, 1, vector.length, vector)
                                    : Tensor.of(arena, view.rows(), view.cols(), adapter.values(view)));
                }
            }
            writer.commit();
        }
        AtomicFile.write(
                folder.resolve(CONFIG),
                PeftConfigWriter.json(adapter.shape(), baseModel, revision, dropout, !biases.isEmpty()));
    }
}
