package candor.ops;

/**
 * What a device has been asked for so far, beside what its maker says that it can do.
 *
 * @param flops multiplications and additions of products and attention ({@link candor.ops.op.Op#flops}), recomputation included
 * @param peak  of them a second, by the maker's data sheet
 */
public record DeviceWork(long flops, double peak) {
    /**
     * The share of the peak since an earlier look: hardware FLOPs utilisation (Chowdhery et al. 2022, "PaLM", appendix B).
     *
     * @param seconds since then
     */
    public double share(DeviceWork before, double seconds) {
        return (flops - before.flops) / seconds / peak;
    }
}
