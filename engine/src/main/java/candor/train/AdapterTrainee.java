package candor.train;

import candor.lora.Adapter;
import candor.lora.LoraConfig;
import candor.lora.PeftFiles;
import candor.tensor.Tensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An adapter over a frozen base.
 *
 * @param base the folder of the base, as adapter_config.json shall name it
 */
record AdapterTrainee(Adapter adapter, Path result, Path base) implements Trainee {
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

    @Override
    public void write() {
        PeftFiles.write(result, adapter, base.toString());
    }
}
