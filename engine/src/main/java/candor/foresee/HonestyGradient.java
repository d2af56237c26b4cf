package candor.foresee;

import candor.data.EncodedRow;
import candor.data.Packing;
import candor.lora.Adapter;
import candor.lora.AdapterBank;
import candor.model.CausalLm;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.probe.EncodedProbe;
import java.util.List;

/**
 * The gradient of an objective of honesty by an adapter's parameters: H, the mean over probes of log p(truthful) − log
 * p(untruthful), each the sum over the reply's tokens, in nats.
 */
public final class HonestyGradient {
    private HonestyGradient() {}

    /**
     * Computes it: a pass for each probe, so that the sum has one order, whatever a batch may hold.
     *
     * @param slot   of the adapter in the bank; its gradients are overwritten
     * @param probes at least one
     * @return (P) ∇H, over the adapter's row of parameters
     */
    public static float[] of(Backend backend, CausalLm model, AdapterBank bank, int slot, List<EncodedProbe> probes) {
        Adapter adapter = bank.get(slot);
        backend.zero(adapter.gradients());
        for (EncodedProbe probe : probes) {
            List<EncodedRow> pair = List.of(probe.truthful(), probe.untruthful());
            Batch batch = Packing.of(pair, slot);
            float[] derivatives = new float[batch.targetCount()];
            model.forward(derivatives, batch, bank, true);
            for (int i = 0; i < derivatives.length; i++) {
                derivatives[i] = (batch.targetSequence(i) == 0 ? 1f : -1f) / probes.size();
            }
            model.backward(derivatives);
        }
        float[] gradient = new float[adapter.layout().length()];
        backend.download(gradient, adapter.gradients());
        return gradient;
    }
}
