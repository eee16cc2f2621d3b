"""The models that the robustness testbed counts as standard: trained on ImageNet alone, without an intervention.

Names as in its file of results. Not all of them carry the baseline's line; `testbed_file` says which do.
"""

_NAMES = """
alexnet bninception cafferesnet101 densenet121 densenet161 densenet169 densenet201 dpn131 dpn68 dpn98
efficientnet-b0 efficientnet-b0-autoaug efficientnet-b1 efficientnet-b1-autoaug efficientnet-b2
efficientnet-b2-autoaug efficientnet-b3 efficientnet-b3-autoaug efficientnet-b4 efficientnet-b4-autoaug
efficientnet-b5 efficientnet-b5-autoaug efficientnet-b5-randaug efficientnet-b6-autoaug efficientnet-b7-autoaug
efficientnet-b7-randaug fbresnet152 FixPNASNet FixResNet50 FixResNet50_no_adaptation FixResNet50_v2
googlenet/inceptionv1 inceptionresnetv2 inceptionv3 inceptionv4 mnasnet0_5 mnasnet1_0 mobilenet_v2 nasnetalarge
nasnetamobile pnasnet5large polynet resnet101 resnet152 resnet152_3x_simclrv2_finetuned_100pct_tf_port
resnet152_3x_simclrv2_linear_probe_tf_port resnet18 resnet34 resnet50 resnet50-randomized_smoothing_noise_0.00
resnet50-vtab resnet50-vtab-exemplar resnet50-vtab-rotation resnet50-vtab-semi-exemplar
resnet50-vtab-semi-rotation resnet50_aws_baseline resnet50_imagenet_100percent_batch64_original_images
resnet50_simclrv2_finetuned_100pct_tf_port resnet50_simclrv2_linear_probe_tf_port resnet50_simsiam resnet50_swav
resnext101_32x4d resnext101_32x8d resnext101_64x4d resnext50_32x4d se_resnet101 se_resnet152 se_resnet50
se_resnext101_32x4d se_resnext50_32x4d senet154 shufflenet_v2_x0_5 shufflenet_v2_x1_0 squeezenet1_0 squeezenet1_1
vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn vit_small_patch16_224 wide_resnet101_2 wide_resnet50_2
xception
"""
STANDARD: frozenset[str] = frozenset(_NAMES.split())
