"""What an output may hold: every element that is written, with the rule that makes its value.

There is no list of what to remove. An element that is not named here is not written, whatever its
group, at every depth of the sequences. What is named is not copied as text, either: a rule makes a
new value, from numbers, from closed lists of words, or from a key (PS3.15 annex E lists what may
identify; these rules keep less than its Basic Profile allows).
"""

from __future__ import annotations

from enum import Enum, auto


class Rule(Enum):
    """How the value of an element is made."""

    NUMBER = auto()
    """Numbers, written anew; anything else is left out."""
    TERM = auto()
    """Values of ``TERMS``; any other value is written as ``OTHER``, or left out."""
    UID = auto()
    """Well-known UIDs stay, every other one is replaced by a keyed one."""
    DATE = auto()
    """Dates are shifted, times of day are dropped."""
    LABEL = auto()
    """Small whole numbers stay, anything else is replaced by a keyed label."""
    WORDS = auto()
    """The words of a closed vocabulary that occur in it."""
    DUMMY = auto()
    """``removed``: the standard wants a value."""
    TAGS = auto()
    """Tags of public elements."""
    CODES = auto()
    """Items with codes of DICOM, SNOMED and UCUM, whose meaning is looked up and not copied."""
    ITEMS = auto()
    """Items, cleaned by the same rules."""
    TABLE = auto()
    """A lookup table of exactly so many entries as its descriptor says."""


_BY_RULE: dict[Rule, str] = {
    Rule.NUMBER: """
        SeriesNumber AcquisitionNumber InstanceNumber TemporalPositionIdentifier
        NumberOfTemporalPositions ImagesInAcquisition
        SliceThickness RepetitionTime EchoTime InversionTime NumberOfAverages ImagingFrequency
        EchoNumbers MagneticFieldStrength SpacingBetweenSlices NumberOfPhaseEncodingSteps
        EchoTrainLength PercentSampling PercentPhaseFieldOfView PixelBandwidth TriggerTime
        NominalInterval ReconstructionDiameter AcquisitionMatrix FlipAngle SAR dBdt
        DiffusionBValue DiffusionGradientOrientation
        KVP DataCollectionDiameter DistanceSourceToDetector DistanceSourceToPatient
        EstimatedRadiographicMagnificationFactor GantryDetectorTilt TableHeight
        ExposureTime XRayTubeCurrent Exposure ExposureInuAs FocalSpots
        ImagerPixelSpacing Sensitivity RelativeXRayExposure PositionerPrimaryAngle
        PositionerSecondaryAngle BodyPartThickness DetectorBinning DetectorElementSpacing
        DetectorActiveDimensions FieldOfViewDimensions FieldOfViewOrigin FieldOfViewRotation
        SpiralPitchFactor SingleCollimationWidth TotalCollimationWidth TableSpeed
        TableFeedPerRotation CTDIvol
        ImagePositionPatient ImageOrientationPatient SliceLocation PixelSpacing PixelAspectRatio
        SamplesPerPixel NumberOfFrames Rows Columns BitsAllocated BitsStored HighBit
        PixelRepresentation PlanarConfiguration SmallestImagePixelValue LargestImagePixelValue
        PixelPaddingValue PixelPaddingRangeLimit PixelIntensityRelationshipSign
        WindowCenter WindowWidth RescaleIntercept RescaleSlope LossyImageCompressionRatio
        ReferencedFrameNumber ConcatenationFrameOffsetNumber InConcatenationNumber
        FrameAcquisitionNumber InStackPositionNumber TemporalPositionIndex DimensionIndexValues
        FrameAcquisitionDuration EffectiveEchoTime InversionTimes NominalCardiacTriggerDelayTime
        ParallelReductionFactorInPlane ParallelReductionFactorOutOfPlane
        ParallelReductionFactorSecondInPlane MRAcquisitionFrequencyEncodingSteps
        MRAcquisitionPhaseEncodingStepsInPlane MRAcquisitionPhaseEncodingStepsOutOfPlane
        RFEchoTrainLength GradientEchoTrainLength SpecificAbsorptionRateValue
        GradientOutput TransmitterFrequency AcquisitionDuration NumberOfKSpaceTrajectories
        SlabThickness SlabOrientation MidSlabPosition ChemicalShiftReference
        TagSpacingFirstDimension TagAngleFirstAxis TagThickness VelocityEncodingMinimumValue
        VelocityEncodingMaximumValue VelocityEncodingDirection
        LUTDescriptor
    """,
    Rule.TERM: """
        ImageType FrameType Modality BodyPartExamined ViewPosition Laterality ImageLaterality
        FrameLaterality PatientSex PatientPosition PatientOrientation
        ScanningSequence SequenceVariant ScanOptions MRAcquisitionType AngioFlag
        VariableFlipAngleFlag InPlanePhaseEncodingDirection AcquisitionContrast
        EchoPulseSequence SpectrallySelectedSuppression InversionRecovery
        RotationDirection ExposureModulationType PresentationIntentType
        PixelIntensityRelationship PositionerType DetectorType DetectorConfiguration
        DetectorGeometry FieldOfViewShape Grid ExposureStatus
        PhotometricInterpretation PresentationLUTShape RescaleType VOILUTFunction
        LossyImageCompression LossyImageCompressionMethod BurnedInAnnotation
        RecognizableVisualFeatures QualityControlImage ContentQualification ModalityLUTType
        PixelPresentation VolumetricProperties VolumeBasedCalculationTechnique
        ComplexImageComponent ResonantNucleus KSpaceFiltering
        MultipleSpinEcho MultiPlanarExcitation PhaseContrast TimeOfFlightContrast
        ArterialSpinLabelingContrast SteadyStatePulseSequence EchoPlanarPulseSequence
        SaturationRecovery SpectrallySelectedExcitation SpatialPresaturation Spoiling
        OversamplingPhase GeometryOfKSpaceTraversal SegmentedKSpaceTraversal
        RectilinearPhaseEncodeReordering CoverageOfKSpace PartialFourier PartialFourierDirection
        ParallelAcquisition ParallelAcquisitionTechnique FlowCompensation
        FlowCompensationDirection MagnetizationTransfer BloodSignalNulling Tagging T2Preparation
        CardiacSynchronizationTechnique RespiratoryMotionCompensationTechnique
        RespiratorySignalSource BulkMotionCompensationTechnique OperatingModeType OperatingMode
        SpecificAbsorptionRateDefinition GradientOutputType DiffusionDirectionality
        DiffusionAnisotropyType ReceiveCoilType QuadratureReceiveCoil TransmitCoilType
        ApplicableSafetyStandardAgency AcquisitionType DimensionOrganizationType
        CardiacSignalSource RespiratoryTriggerType
    """,
    Rule.UID: """
        SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID
        ReferencedSOPClassUID ReferencedSOPInstanceUID DimensionOrganizationUID ConcatenationUID
        SynchronizationFrameOfReferenceUID
    """,
    Rule.DATE: """
        StudyDate SeriesDate AcquisitionDate ContentDate AcquisitionDateTime
        FrameAcquisitionDateTime FrameReferenceDateTime
    """,
    Rule.LABEL: "StackID",
    Rule.WORDS: """
        StudyDescription SeriesDescription ProtocolName Manufacturer ContrastBolusAgent
        ImageComments
    """,
    Rule.DUMMY: """
        ManufacturerModelName DeviceSerialNumber SoftwareVersions ReceiveCoilName
        TransmitCoilName ReceiveCoilManufacturerName TransmitCoilManufacturerName
        MultiCoilElementName DetectorID PulseSequenceName
    """,
    Rule.TAGS: "DimensionIndexPointer FunctionalGroupPointer FrameIncrementPointer",
    Rule.CODES: """
        AnatomicRegionSequence AnatomicRegionModifierSequence ViewCodeSequence
        ViewModifierCodeSequence PatientOrientationCodeSequence
        PatientOrientationModifierCodeSequence PatientGantryRelationshipCodeSequence
        PurposeOfReferenceCodeSequence ContrastBolusAgentSequence
    """,
    Rule.ITEMS: """
        ReferencedImageSequence SourceImageSequence DimensionOrganizationSequence
        DimensionIndexSequence ModalityLUTSequence
        SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence FrameContentSequence
        PlanePositionSequence PlaneOrientationSequence PixelMeasuresSequence
        PixelValueTransformationSequence FrameVOILUTSequence FrameAnatomySequence
        DerivationImageSequence RealWorldValueMappingSequence
        MRImageFrameTypeSequence MRTimingAndRelatedParametersSequence MREchoSequence
        MRModifierSequence MRDiffusionSequence DiffusionGradientDirectionSequence
        MRImagingModifierSequence MRReceiveCoilSequence MRTransmitCoilSequence
        MultiCoilDefinitionSequence MRFOVGeometrySequence MRAveragesSequence
        MRMetaboliteMapSequence CardiacSynchronizationSequence
        RespiratorySynchronizationSequence SpecificAbsorptionRateSequence
        OperatingModeSequence MRVelocityEncodingSequence
        CTImageFrameTypeSequence
    """,
    Rule.TABLE: "LUTData",
}

RULES: dict[str, Rule] = {
    keyword: rule for rule, keywords in _BY_RULE.items() for keyword in keywords.split()
}
"""Keyword of every element that may be written, and how its value is made."""

EMPTY = (
    *("StudyTime", "AccessionNumber", "ReferringPhysicianName", "PatientBirthDate", "StudyID"),
    *("StudyDate", "PositionReferenceIndicator"),
)
"""Elements of type 2: they must be there, and may hold nothing."""

_TERMS = """
ORIGINAL DERIVED MIXED PRIMARY SECONDARY OTHER UNKNOWN NONE YES NO
AXIAL SAGITTAL CORONAL LOCALIZER MPR MIN_IP MAX_IP PROJECTION REFORMATTED SUBTRACT ADD AVERAGE
SAMPLED VOLUME DISTORTED DIFFUSION PERFUSION PROTON_DENSITY DIXON WATER FAT IN_PHASE OUT_PHASE
IN_PHASE_MAP W F IP OP M P R I MAGNITUDE PHASE REAL IMAGINARY COMPLEX VELOCITY_MAP ADC TRACE
TRACEW FA M_SE M_FFE M_IR P_SE P_FFE SE FFE NORM DIS2D DIS3D DIS2D_PHASE ND FIL MFSPLIT SUB
STUDY RESAMPLED GENERATED FLIP_ANGLE_MAP
MR CT DX CR RG XA RF US NM PT MG PX IO XC ES GM SM OP SC OT RTIMAGE
SPINE LSPINE LSSPINE TSPINE CSPINE TLSPINE CTSPINE WHOLESPINE CTLSPINE DSPINE LUMBAR
LUMBARSPINE LUMBOSACRAL LUMBOSACRALSPINE THORACICSPINE CERVICAL CERVICALSPINE SSPINE COCCYX
NECK SOFTTISSUENECK CHEST THORAX LUNG HEART BREAST ABDOMEN PELVIS ABDOMENPELVIS HIP SACRUM
SIJOINT KIDNEY LIVER HEAD BRAIN SKULL ORBIT FACE SHOULDER ELBOW WRIST HAND ARM KNEE ANKLE FOOT
LEG THIGH FEMUR CALF EXTREMITY
AP PA LL RL LAT LATERAL RLD LLD RLO LLO LPO RPO LAO RAO OBLIQUE
L B U A H LA LP RA RP AL AR PL PR LH LF RH RF AH AF PH PF HL HR HA FL FR FP
AFL AFR AHL AHR PFL PFR PHL PHR LAF LAH LPF LPH RAF RAH RPF RPH
O HFS HFP FFS FFP HFDR HFDL FFDR FFDL
IR GR EP RM SK MTC SS TRSS SP MP OSP SPR MT PER RG CG PPG FC PFF PFP TOF FS GEMS SAT1
2D 3D N Y ROW COL COLUMN
SPIN GRADIENT BOTH FAT_AND_WATER SILICON_GEL
CW CC LIN LOG DISP
CARM MAMMOGRAPHIC UNDERTABLE UPRIGHT
DIRECT SCINTILLATOR STORAGE FILM AREA SLOT CURVED_OR_FLAT
RECTANGLE ROUND HEXAGONAL IN FIXED FOCUSED RECIPROCATING PARALLEL CROSSED NORMAL ABORTED
MONOCHROME1 MONOCHROME2 RGB IDENTITY INVERSE
HU US OD MGML Z_EFF ED EDW HU_MOD PCT LINEAR LINEAR_EXACT SIGMOID 00 01
ISO_10918_1 ISO_14495_1 ISO_15444_1 ISO_13818_2
PRODUCT RESEARCH SERVICE SYNTHETIC
MONOCHROME COLOR TRUE_COLOR VOLUME_RENDER SURFACE_RENDER MEDIAN
T1 T2 T2_STAR STIR FLUID_ATTENUATED TAGGING TEMPORAL_CINE
1H 31P 3HE 129XE 19F 13C 7LI COSINE HANNING HAMMING RIESZ FEJER KAISER GAUSSIAN
FREE_PRECESSION TRANSVERSE TIME_REVERSED LONGITUDINAL SLAB RF GRADIENT_AND_RF
RECTILINEAR RADIAL SPIRAL SINGLE PARTIAL FULL REVERSE_LINEAR CENTRIC SEGMENTED REVERSE_CENTRIC
FREQUENCY SLICE_SELECT SLICE_AND_FREQ PHASE_AND_FREQ SLICE_AND_PHASE ACCELERATION VELOCITY
PILS SENSE SMASH ON_RESONANCE OFF_RESONANCE GRID LINE
REALTIME PROSPECTIVE RETROSPECTIVE PACED BREATH_HOLD GATING TRACKING PHASE_ORDERING
RESP_RESCANNING CENTERED_BELLOW BELT NASAL_PROBE CO2_SENSOR NAVIGATOR MR_PHASE ECG
IEC FDA MHLW GRADIENT_MODE IEC_NORMAL IEC_FIRST_LEVEL IEC_SECOND_LEVEL
FIRST_LEVEL IEC_WHOLE_BODY IEC_PARTIAL_BODY IEC_HEAD IEC_LOCAL DB_DT ELECTRIC_FIELD
PER_NERVE_STIM DIRECTIONAL BMATRIX ISOTROPIC FRACTIONAL RELATIVE VOLUME_RATIO
BODY SURFACE MULTICOIL SEQUENCED 3D_TEMPORAL
"""
TERMS = frozenset(_TERMS.split()) | {"FOR PRESENTATION", "FOR PROCESSING", "STATIC FIELD"}
"""Every word that an element of rule ``TERM`` may hold: defined terms of PS3.3, and what makers
write in the same places.
"""
