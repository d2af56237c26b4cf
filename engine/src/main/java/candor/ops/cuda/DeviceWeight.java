package candor.ops.cuda;

import candor.ops.weight.FrozenWeight;
import candor.ops.weight.PlainForm;
import candor.ops.weight.Siblings;
import candor.ops.weight.StoredWeight;
import candor.ops.weight.TrainedWeight;
import candor.ops.weight.Weight;
import candor.ops.weight.WeightForm;
import candor.ops.weight.WeightImage;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A frozen weight on the device.
 *
 * @param tensor (O, I), of the activations' type
 * @param whole  (ΣO, I), the weights of all layers with its input, of which it is some rows; null where it stands alone
 */
record DeviceWeight(Tensor tensor, Tensor whole) implements FrozenWeight {
    /** All of some siblings, where they were put one below the other; else null. */
    static DeviceWeight stacked(Siblings siblings) {
        Tensor whole = siblings.part(0) instanceof DeviceWeight first ? first.whole : null;
        long next = whole == null ? 0 : whole.data().address();
        int rows = 0;
        for (Weight part : siblings.parts()) {
            if (whole == null
                    || !(part instanceof DeviceWeight here)
                    || here.whole == null
                    || here.tensor.data().address() != next) {
                return null;
            }
            next += here.tensor.bytes();
            rows += here.rows();
        }
        return whole.rows() == rows ? new DeviceWeight(whole, null) : null;
    }

    /**
     * What kernels read of a weight, or null for none.
     *
     * @throws IllegalArgumentException where the weight is not on the device
     */
    static Tensor tensor(Weight weight) {
        return switch (weight) {
            case null -> null;
            case DeviceWeight here -> here.tensor;
            case TrainedWeight trained -> trained.value();
            case FrozenWeight elsewhere ->
                throw new IllegalArgumentException("not on the device: a weight of " + elsewhere.shape());
        };
    }

    /** A weight of any form as bf16, row after row. */
    static WeightImage image(StoredWeight w) {
        return images(List.of(w)).getFirst();
    }

    /** Those of layers with the same input, one directly behind the other. */
    static List<WeightImage> images(List<StoredWeight> siblings) {
        int cols = siblings.getFirst().cols();
        int rows = siblings.stream().mapToInt(StoredWeight::rows).sum();
        long rowBytes = (long) cols * DType.BF16.bytes();
        long padding = Device.aligned(rows * rowBytes) - rows * rowBytes;
        List<WeightImage> images = new ArrayList<>();
        int before = 0;
        for (StoredWeight w : siblings) {
            int start = before;
            boolean last = images.size() == siblings.size() - 1;
            images.add(new WeightImage() {
                @Override
                public long bytes() {
                    return w.rows() * rowBytes + (last ? padding : 0);
                }

                @Override
                public void write(MemorySegment to) {
                    for (int row = 0; row < w.rows(); row++) {
                        w.roundToBf16(to, row * rowBytes, row, 0, cols);
                    }
                }

                @Override
                public FrozenWeight at(MemorySegment address) {
                    MemorySegment whole = MemorySegment.ofAddress(address.address() - start * rowBytes);
                    return new DeviceWeight(
                            Tensor.of(address, DType.BF16, w.rows(), cols),
                            siblings.size() == 1 ? null : Tensor.of(whole, DType.BF16, rows, cols));
                }
            });
            before += w.rows();
        }
        return images;
    }

    @Override
    public int rows() {
        return tensor.rows();
    }

    @Override
    public int cols() {
        return tensor.cols();
    }

    @Override
    public WeightForm form() {
        return PlainForm.of(tensor.dtype());
    }

    @Override
    public boolean fits(DType activations) {
        return tensor.dtype() == activations;
    }
}
