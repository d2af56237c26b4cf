package candor.ops.cuda;

import static candor.bindings.generated.CandorKernels.candor_accumulate;
import static candor.bindings.generated.CandorKernels.candor_adamw;
import static candor.bindings.generated.CandorKernels.candor_adamw8;
import static candor.bindings.generated.CandorKernels.candor_affine;
import static candor.bindings.generated.CandorKernels.candor_attention;
import static candor.bindings.generated.CandorKernels.candor_attention_backward;
import static candor.bindings.generated.CandorKernels.candor_attention_cached;
import static candor.bindings.generated.CandorKernels.candor_cache_write;
import static candor.bindings.generated.CandorKernels.candor_copy_to_device;
import static candor.bindings.generated.CandorKernels.candor_copy_to_host;
import static candor.bindings.generated.CandorKernels.candor_dropout;
import static candor.bindings.generated.CandorKernels.candor_embed;
import static candor.bindings.generated.CandorKernels.candor_gather_rows;
import static candor.bindings.generated.CandorKernels.candor_geglu;
import static candor.bindings.generated.CandorKernels.candor_geglu_backward;
import static candor.bindings.generated.CandorKernels.candor_linear;
import static candor.bindings.generated.CandorKernels.candor_linear_backward;
import static candor.bindings.generated.CandorKernels.candor_log_prob;
import static candor.bindings.generated.CandorKernels.candor_log_prob_backward;
import static candor.bindings.generated.CandorKernels.candor_logits;
import static candor.bindings.generated.CandorKernels.candor_lora_pack;
import static candor.bindings.generated.CandorKernels.candor_rms_norm;
import static candor.bindings.generated.CandorKernels.candor_rms_norm_backward;
import static candor.bindings.generated.CandorKernels.candor_rope;
import static candor.bindings.generated.CandorKernels.candor_sample_tokens;
import static candor.bindings.generated.CandorKernels.candor_scatter_rows;
import static candor.bindings.generated.CandorKernels.candor_sum_of_squares;
import static candor.bindings.generated.CandorKernels.candor_swiglu;
import static candor.bindings.generated.CandorKernels.candor_swiglu_backward;
import static candor.bindings.generated.CandorKernels.candor_zero;

import java.lang.foreign.MemorySegment;

/**
 * A function of the C API that works on the stream. Its arguments lie in a {@link CallBuffer} in the order in which the function
 * takes them, the stream left out.
 */
enum Function {
    EMBED((from, stream) -> candor_embed(from.matrix(), from.matrix(), from.address(), stream)),
    GATHER_ROWS((from, stream) -> candor_gather_rows(from.matrix(), from.matrix(), from.address(), stream)),
    SCATTER_ROWS((from, stream) -> candor_scatter_rows(from.matrix(), from.matrix(), from.address(), stream)),
    RMS_NORM((from, stream) ->
            candor_rms_norm(from.matrix(), from.matrix(), from.matrix(), from.matrix(), from.real(), stream)),
    RMS_NORM_BACKWARD((from, stream) -> candor_rms_norm_backward(
            from.matrix(), from.matrix(), from.matrix(), from.matrix(), from.matrix(), from.number(), stream)),
    ROPE((from, stream) -> candor_rope(from.matrix(), from.matrix(), from.address(), from.number(), stream)),
    DROPOUT((from, stream) -> candor_dropout(from.matrix(), from.matrix(), from.dropping(), from.number(), stream)),
    LINEAR((from, stream) -> candor_linear(
            from.matrix(),
            from.matrix(),
            from.matrix(),
            from.matrix(),
            from.matrix(),
            from.matrix(),
            from.loras(),
            from.count(),
            from.epilogue(),
            stream)),
    LINEAR_BACKWARD((from, stream) -> candor_linear_backward(
            from.matrix(),
            from.matrix(),
            from.matrix(),
            from.matrix(),
            from.matrix(),
            from.weights(),
            from.count(),
            from.loras(),
            from.count(),
            from.number(),
            stream)),
    LORA_PACK((from, stream) -> candor_lora_pack(from.loras(), from.count(), stream)),
    AFFINE((from, stream) -> candor_affine(from.matrix(), from.matrix(), from.matrix(), from.matrix(), stream)),
    ATTENTION((from, stream) ->
            candor_attention(from.matrix(), from.matrix(), from.matrix(), from.heads(), from.sequences(), stream)),
    ATTENTION_BACKWARD((from, stream) -> candor_attention_backward(
            from.matrix(),
            from.matrix(),
            from.matrix(),
            from.matrix(),
            from.matrix(),
            from.heads(),
            from.sequences(),
            stream)),
    CACHE_WRITE((from, stream) ->
            candor_cache_write(from.cache(), from.matrix(), from.heads(), from.address(), from.address(), stream)),
    ATTENTION_CACHED((from, stream) -> candor_attention_cached(
            from.matrix(), from.matrix(), from.cache(), from.heads(), from.address(), from.sequences(), stream)),
    SWIGLU((from, stream) -> candor_swiglu(from.matrix(), from.matrix(), stream)),
    SWIGLU_BACKWARD((from, stream) -> candor_swiglu_backward(from.matrix(), from.matrix(), from.matrix(), stream)),
    GEGLU((from, stream) -> candor_geglu(from.matrix(), from.matrix(), stream)),
    GEGLU_BACKWARD((from, stream) -> candor_geglu_backward(from.matrix(), from.matrix(), from.matrix(), stream)),
    LOGITS((from, stream) -> candor_logits(from.matrix(), from.matrix(), from.matrix(), stream)),
    SAMPLE_TOKENS((from, stream) ->
            candor_sample_tokens(from.matrix(), from.matrix(), from.address(), from.address(), stream)),
    LOG_PROB((from, stream) -> candor_log_prob(
            from.matrix(), from.matrix(), from.matrix(), from.matrix(), from.matrix(), from.address(), stream)),
    LOG_PROB_BACKWARD((from, stream) -> candor_log_prob_backward(
            from.matrix(),
            from.matrix(),
            from.matrix(),
            from.matrix(),
            from.matrix(),
            from.matrix(),
            from.address(),
            stream)),
    ZERO((from, stream) ->
            candor_zero(from.address(), from.longNumber(), from.longNumber(), from.longNumber(), stream)),
    COPY_TO_HOST((from, stream) -> candor_copy_to_host(
            from.address(),
            from.longNumber(),
            from.address(),
            from.longNumber(),
            from.longNumber(),
            from.longNumber(),
            stream)),
    COPY_TO_DEVICE((from, stream) -> candor_copy_to_device(
            from.address(),
            from.longNumber(),
            from.address(),
            from.longNumber(),
            from.longNumber(),
            from.longNumber(),
            stream)),
    ACCUMULATE((from, stream) -> candor_accumulate(from.matrix(), from.matrix(), stream)),
    SUM_OF_SQUARES((from, stream) -> candor_sum_of_squares(from.address(), from.matrix(), stream)),
    ADAMW((from, stream) -> candor_adamw(from.part(), 1, stream)),
    ADAMW8((from, stream) -> candor_adamw8(from.part8(), 1, stream));

    private interface Body {
        int call(CallReader from, MemorySegment stream);
    }

    private final Body body;

    Function(Body body) {
        this.body = body;
    }

    /**
     * Makes the call.
     *
     * @param from where its arguments are next
     * @return the C API's status
     */
    int call(CallReader from, MemorySegment stream) {
        return body.call(from, stream);
    }
}
