// OpenShift's SecurityContextConstraints, of which there is no package of types.
import type { IIoK8sApimachineryPkgApisMetaV1ObjectMeta } from "@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta";

interface Strategy<Type extends string> {
  type: Type;
}

export interface ISecurityContextConstraints {
  apiVersion: "security.openshift.io/v1";
  kind: "SecurityContextConstraints";
  metadata: IIoK8sApimachineryPkgApisMetaV1ObjectMeta;
  priority?: number | null;
  allowHostDirVolumePlugin: boolean;
  allowHostIPC: boolean;
  allowHostNetwork: boolean;
  allowHostPID: boolean;
  allowHostPorts: boolean;
  allowPrivilegeEscalation?: boolean;
  defaultAllowPrivilegeEscalation?: boolean;
  allowPrivilegedContainer: boolean;
  allowedCapabilities: string[] | null;
  allowedFlexVolumes?: { driver: string }[];
  allowedUnsafeSysctls?: string[];
  defaultAddCapabilities: string[] | null;
  forbiddenSysctls?: string[];
  requiredDropCapabilities: string[] | null;
  readOnlyRootFilesystem: boolean;
  fsGroup?: Strategy<"RunAsAny" | "MustRunAs"> & { ranges?: { min: number; max: number }[] };
  supplementalGroups?: Strategy<"RunAsAny" | "MustRunAs"> & { ranges?: { min: number; max: number }[] };
  runAsUser?: Strategy<"RunAsAny" | "MustRunAs" | "MustRunAsNonRoot" | "MustRunAsRange"> & {
    uid?: number;
    uidRangeMin?: number;
    uidRangeMax?: number;
  };
  seLinuxContext?: Strategy<"RunAsAny" | "MustRunAs"> & {
    seLinuxOptions?: { level?: string; role?: string; type?: string; user?: string };
  };
  seccompProfiles?: string[];
  volumes: string[] | null;
  users: string[] | null;
  groups: string[] | null;
}
