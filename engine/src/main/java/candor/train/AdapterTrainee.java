package candor.train;

import candor.BadInput;
import candor.io.AtomicFile;
import candor.io.HubSnapshot;
import candor.io.IoReason;
import candor.io.SafeFolder;
import candor.lora.Adapter;
import candor.lora.LoraConfig;
import candor.lora.PeftFiles;
import candor.model.SideFiles;
import candor.tensor.Tensor;
import candor.text.TemplateChoice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * An adapter over a frozen base.
 *
 * @param base     the folder of the base, as adapter_config.json shall name it, with the tokenizer
 * @param template what rendered its conversations: it goes along with the tokenizer's files
 * @param dropout  what it is trained with, as adapter_config.json shall say
 */
record AdapterTrainee(Adapter adapter, Path result, Path base, TemplateChoice template, ModelCard card, double dropout)
        implements Trainee {
    @Override
    public Tensor parameters() {
        return adapter.parameters();
    }

    @Override
    public Tensor gradients() {
        return adapter.gradients();
    }

    @Override
    public int decayed() {
        return adapter.parameters().cols();
    }

    @Override
    public int[] layers() {
        return adapter.layout().layers();
    }

    @Override
    public Map<String, ?> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("trainable_parameters", adapter.parameterCount());
        facts.put("rank", adapter.shape().rank());
        LoraConfig uniform = adapter.shape().uniform();
        if (uniform != null) {
            facts.put("scale", uniform.scale());
        }
        return facts;
    }

    /** The weights with their settings come last: until they are there, nobody takes the folder for an adapter. */
    @Override
    public void write() {
        try {
            Files.createDirectories(result);
        } catch (IOException e) {
            throw new BadInput(
                    result + ": cannot be created as a folder (" + IoReason.of(e) + ")",
                    "fix that, then continue with {resume}",
                    e);
        }
        SideFiles.copyText(SafeFolder.at(base, "the folder of a tokenizer"), result);
        if (!template.equals(TemplateChoice.DEFAULT)) {
            String source = template.load(base, LocalDate.EPOCH.atStartOfDay()).source();
            AtomicFile.write(result.resolve(SideFiles.TEMPLATE), source.getBytes(StandardCharsets.UTF_8));
        }
        AtomicFile.write(result.resolve("README.md"), card.bytes());
        // A folder of the download cache says nothing on another machine; the name that it is a copy of does.
        Optional<HubSnapshot> hub = HubSnapshot.of(base);
        PeftFiles.write(
                result,
                adapter,
                hub.map(HubSnapshot::repository).orElseGet(base::toString),
                hub.map(HubSnapshot::commit).orElse(null),
                dropout);
    }
}
