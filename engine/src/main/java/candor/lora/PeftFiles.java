package candor.lora;

import candor.BadInput;
import candor.model.AtomicFile;
import candor.model.JsonFile;
import candor.model.ModelConfig;
import candor.model.Projection;
import candor.model.SafeFolder;
import candor.model.Safetensors;
import candor.model.SafetensorsWriter;
import candor.model.SafetensorsWriter.Spec;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

    private static final String PREFIX = "base_model.model.model.layers.";
    private static final Pattern NAME = Pattern.compile(
            Pattern.quote(PREFIX) + "(0|[1-9][0-9]{0,8})\\.(self_attn|mlp)\\.([a-z_]{1,20})\\.lora_([AB])\\.weight");

    private PeftFiles() {}

    /** Reads what the adapter in a folder looks like. */
    public static LoraConfig config(Path folder) {
        return PeftConfig.read(JsonFile.read(file(folder, CONFIG)));
    }

    /**
     * Reads an adapter to look at only.
     *
     * @throws BadInput where it is none that Candor supports, or was made for another model
     */
    public static Adapter frozen(Path folder, ModelConfig model, Memory memory) {
        return fill(folder, Adapter.frozen(memory, new AdapterLayout(model, config(folder))));
    }

    /** Reads an adapter to train further. */
    public static Adapter trained(Path folder, ModelConfig model, Memory memory) {
        return fill(folder, Adapter.trained(memory, new AdapterLayout(model, config(folder))));
    }

    private static Path file(Path path, String name) {
        SafeFolder folder = SafeFolder.at(path, "the folder of an adapter, with " + CONFIG + " and " + WEIGHTS);
        if (!folder.has(name)) {
            throw new BadInput(path + ": is not an adapter in PEFT's layout: it has no " + name
                    + "; give a folder with " + CONFIG + " and " + WEIGHTS);
        }
        return folder.file(name);
    }

    private static Adapter fill(Path folder, Adapter adapter) {
        try (Arena arena = Arena.ofConfined()) {
            Safetensors file = Safetensors.open(file(folder, WEIGHTS), arena);
            Map<String, Tensor> views = views(adapter);
            file.names().stream()
                    .filter(name -> !views.containsKey(name))
                    .findFirst()
                    .ifPresent(name -> {
                        throw extra(file.file(), name, adapter);
                    });
            views.forEach((name, view) -> adapter.set(view, values(file, name, view, adapter)));
        }
        return adapter;
    }

    private static float[] values(Safetensors file, String name, Tensor view, Adapter adapter) {
        if (!file.names().contains(name)) {
            throw new BadInput(file.file() + ": tensor " + name + " is missing, expected for "
                    + adapter.model().layers() + " layers and the target modules of " + CONFIG
                    + "; check that the adapter was made for this model");
        }
        List<Long> shape = List.of((long) view.rows(), (long) view.cols());
        if (!file.entry(name).shape().equals(shape)) {
            throw new BadInput(file.file() + ": tensor " + name + " has the shape "
                    + file.entry(name).shape() + ", expected " + shape + " for rank "
                    + adapter.config().rank()
                    + " on this model; check that the adapter was made for this model");
        }
        float[] values = file.tensor(name).toFloats();
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new BadInput(file.file() + ": tensor " + name + " holds the value " + value
                        + "; the run that wrote it had diverged, take another adapter");
            }
        }
        return values;
    }

    private static BadInput extra(Path file, String name, Adapter adapter) {
        String why = "is not supported; LoRA factors of " + LoraConfig.names() + " are";
        Matcher parts = NAME.matcher(name);
        if (parts.matches()) {
            int layers = adapter.model().layers();
            why = Integer.parseInt(parts.group(1)) >= layers
                    ? "belongs to a layer that the model does not have, it has " + layers
                            + "; check that the adapter was made for this model"
                    : "is not among the target modules of " + CONFIG + "; check that the two files belong together";
        }
        return new BadInput(file + ": tensor " + name + " " + why);
    }

    /** Every factor by its name in the file, as a view of the adapter's parameters. */
    private static Map<String, Tensor> views(Adapter adapter) {
        Map<String, Tensor> views = new LinkedHashMap<>();
        for (int layer = 0; layer < adapter.model().layers(); layer++) {
            for (Projection projection : adapter.config().projections()) {
                String name = PREFIX + layer + "." + projection.block() + "." + projection.peftName();
                views.put(name + ".lora_A.weight", adapter.a(layer, projection));
                views.put(name + ".lora_B.weight", adapter.b(layer, projection));
            }
        }
        return views;
    }

    /**
     * Writes an adapter; the folder is made where it is missing, and each of the two files appears whole or not at all.
     *
     * @param baseModel what PEFT shall take as the base model (a folder, or a name on the Hugging Face Hub), or null
     * @throws BadInput where it cannot be written
     */
    public static void write(Path folder, Adapter adapter, String baseModel) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be made a folder; choose another one", e);
        }
        Map<String, Tensor> views = views(adapter);
        List<Spec> specs = new ArrayList<>();
        views.forEach((name, view) -> specs.add(Spec.matrix(name, DType.F32, view.rows(), view.cols())));
        try (SafetensorsWriter writer = new SafetensorsWriter(folder.resolve(WEIGHTS), specs)) {
            for (Spec spec : writer.order()) {
                try (Arena arena = Arena.ofConfined()) {
                    float[] values = adapter.values(views.get(spec.name()));
                    writer.write(Tensor.of(arena, spec.rows(), spec.cols(), values));
                }
            }
            writer.commit();
        }
        AtomicFile.write(folder.resolve(CONFIG), PeftConfig.json(adapter.config(), baseModel));
    }
}
